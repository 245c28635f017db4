"""A console elsewhere, let in by a token that both sides were given."""

import asyncio
from pathlib import Path

import httpx
import pytest
from meterkast_api.__main__ import build
from meterkast_api.settings import ApiSection, ApiSettings
from meterkast_runtime.mqtt import MqttSettings
from pydantic import SecretStr, ValidationError

from tests.brokers import Broker, free_port

TOKEN = "mk_" + "t" * 43


async def test_the_token_of_the_settings_lets_in(mosquitto: Broker, tmp_path: Path) -> None:
    """`[api] console_token` may read and control; nobody else is let in by it being there."""
    api = ApiSection(port=free_port(), require_login=True, console_token=SecretStr(TOKEN))
    settings = ApiSettings(mqtt=MqttSettings(host=mosquitto.host, port=mosquitto.port), data_dir=tmp_path, api=api)
    service, ready = build(settings), asyncio.Event()
    running = asyncio.create_task(service.run(ready.set))
    try:
        async with asyncio.timeout(20), httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}") as client:
            await ready.wait()
            for token, status in ((TOKEN, 200), (TOKEN + "x", 401)):
                answer = await client.get("/api/v1/meters", headers={"Authorization": f"Bearer {token}"})
                assert answer.status_code == status
            assert (await client.get("/api/v1/meters")).status_code == httpx.codes.UNAUTHORIZED
    finally:
        running.cancel()
        await asyncio.wait([running])


def test_a_short_token_is_refused() -> None:
    """What could be guessed is no token."""
    with pytest.raises(ValidationError, match="at least 32"):
        ApiSection(console_token=SecretStr("short"))
