"""The firmware in the pipeline: what it reads arrives unchanged, and it is updated and goes back from afar."""

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from meterkast.tokens import make_token
from meterkast_api.access.scopes import Scope
from meterkast_api.settings import ApiSettings
from meterkast_contracts.topics import Command, Topics
from meterkast_parser.decode import decode
from paho.mqtt import publish

from tests.brokers import Broker, free_port
from tests.firmware.interpreter import wide
from tests.launcher.command import meterkast
from tests.launcher.p1_port import P1Port
from tests.pipeline.dial import ZONE
from tests.pipeline.esp01 import NAME, Gateway, public_key, release, telegrams
from tests.pipeline.home import eventually
from tests.pipeline.parts import Part, running, settings_for

TOPICS = Topics()
METER = f"/api/v1/meters/{NAME}"
PATIENCE_S = 60


class Rest:
    """The API with a token that may do everything."""

    def __init__(self, port: int, token: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.token = token
        self.client = httpx.Client(base_url=self.url, timeout=10, headers={"Authorization": f"Bearer {token}"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def get(self, path: str) -> Any:
        """The answer, None while there is none."""
        try:
            answer = self.client.get(path)
        except httpx.TransportError:
            return None
        return json.loads(answer.text, parse_float=Decimal) if answer.is_success else None

    def device(self) -> dict[str, Any]:
        """What the gateway says of itself."""
        return self.get(f"{METER}/device") or {}

    def says(self, **wanted: str) -> None:
        """Wait until the gateway says this of itself."""
        deadline = time.monotonic() + PATIENCE_S
        while not wanted.items() <= (said := self.device()).items():
            assert time.monotonic() < deadline, f"{wanted} did not come: {said}"
            time.sleep(0.05)

    def telegram(self, *, other_than: bytes = b"") -> bytes:
        """The last telegram, once there is one: unlike a reading, the broker keeps none for who comes later."""

        def asked() -> bytes | None:
            answer = self.client.get(f"{METER}/telegram")
            return answer.content if answer.is_success and answer.content != other_than else None

        return eventually(asked, what="a telegram", timeout_s=PATIENCE_S)


@pytest.mark.timeout(300)
def test_telegrams_updates_and_a_roll_back(mosquitto: Broker, tmp_path: Path) -> None:
    """Meter to REST through the firmware; release N+1 by a bare order; N+2 breaks, goes back by itself and says why."""
    wide()
    raws = telegrams()
    port = free_port()
    trusted = public_key(tmp_path)
    settings = {
        **settings_for(mosquitto, "simulator", api_port=port),
        "METERKAST_API__FIRMWARE_URL": f"http://127.0.0.1:{port}",
        "METERKAST_API__FIRMWARE_KEY": str(trusted),
    }
    parts = {name: Part(name, tmp_path, settings) for name in ("parser", "history", "api")}
    token = make_token(ApiSettings(data_dir=tmp_path / "data"), "test", Scope.CONTROL)
    with (
        Rest(port, token) as rest,
        running(parts),
        P1Port(raws, interval_s=0.5) as meter,
        Gateway(tmp_path, meter.device, mosquitto.port) as gateway,
    ):
        for part in parts.values():
            part.start()
        _what_is_read_arrives(rest, raws, gateway)
        _the_next_release_is_taken(rest, tmp_path, mosquitto.port)
        _a_release_that_breaks_goes_back(rest, tmp_path, mosquitto.port)
        at = f"127.0.0.1:{mosquitto.port}"
        assert gateway.said == f"{NAME} reads {meter.device}, for the broker at {at}. Ctrl-C ends it.\n"


def _what_is_read_arrives(rest: Rest, raws: list[bytes], gateway: Gateway) -> None:
    actual = eventually(lambda: rest.get(f"{METER}/actual"), what=f"a reading ({gateway.said})", timeout_s=PATIENCE_S)
    wanted = [decode(raw, gateway=NAME, received_at=None, zone=ZONE).values["energy_import_t1_kwh"] for raw in raws]
    assert actual["energy_import_t1_kwh"] in wanted
    assert rest.telegram() in raws
    eventually(lambda: (rest.get(f"{METER}/history") or {}).get("samples") or None, what="history")
    rest.says(version="1.0.0", slot="a", line="115200 8N1")


def _the_next_release_is_taken(rest: Rest, folder: Path, broker_port: int) -> None:
    """By an order that names none, as the button of Home Assistant sends it."""
    _, made = release(folder, "1.1.0", 2)
    assert rest.client.put("/api/v1/firmware/1.1.0", content=made.to_tar()).status_code == 201
    publish.single(TOPICS.command(NAME, Command.UPDATE), b"", 1, hostname="127.0.0.1", port=broker_port)
    rest.says(version="1.1.0", slot="b", update="1.1.0: installed")
    assert rest.telegram(other_than=rest.telegram())


def _a_release_that_breaks_goes_back(rest: Rest, folder: Path, broker_port: int) -> None:
    built, _ = release(folder, "1.2.0", 3, breaks="raise ValueError('it breaks')")
    token = folder / "token"
    token.write_text(rest.token)
    broker = ("--broker", f"127.0.0.1:{broker_port}")
    announced = meterkast(
        *("firmware", "release", str(built), "--api", rest.url, "--token-file", str(token), "--url", rest.url),
        *("--announce", NAME, "--timeout", str(PATIENCE_S), *broker),
        directory=folder,
    )
    said = announced.stdout.decode()
    assert announced.returncode == 1, said + announced.stderr.decode()
    assert f"{NAME}: rolled back: 1.2.0: rolled back: " in said
    assert "it breaks" in said
    rest.says(version="1.1.0", slot="b")
    told = meterkast("doctor", NAME, *broker, "--seconds", "6", directory=folder)
    assert told.returncode == 1
    assert b"PROBLEM: Its update to 1.2.0 was rolled back: " in told.stdout
    assert b"it breaks" in told.stdout
