"""Any part is killed by SIGKILL while telegrams flow; afterwards history is as if nothing had happened."""

import asyncio
import contextlib
from pathlib import Path

import httpx
import pytest
from meterkast_contracts.messages import Reading
from meterkast_contracts.topics import service_status
from meterkast_runtime.mqtt import MqttSession, MqttSettings

from tests.brokers import Broker, free_port
from tests.pipeline.bridge import Bridge
from tests.pipeline.dial import Dial
from tests.pipeline.parts import Part, running, settings_for

TELEGRAMS = 240
INTERVAL_S = 0.02
KILLS_AT = (60, 120, 180)
PATIENCE_S = 90
POLL_S = 0.2


async def wait_until_up(broker: Broker, *names: str) -> None:
    """Wait until services, or instances of them, have said that they are well."""
    missing = set(names)
    topics = [service_status("+", "+")]
    settings = MqttSettings(host=broker.host, port=broker.port)
    watcher = MqttSession(settings, client_id="watcher", subscriptions=topics, persistent=False)
    async with asyncio.timeout(PATIENCE_S), watcher as session:
        async for message in session.messages():
            message.ack()
            if b'"status":"ok"' in message.payload:
                missing.difference_update(message.topic.split("/")[1:3])
            if not missing:
                return


async def wait_until_served(port: int, newest: Reading) -> None:
    """Wait until the API shows the newest reading, whose registers are the dial's last."""
    shown: dict[str, object] = {}
    expected = {
        name: newest.values[name] for name in ("energy_import_t1_kwh", "energy_import_t2_kwh", "power_import_w")
    }
    async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        while shown != expected:
            await asyncio.sleep(POLL_S)
            with contextlib.suppress(httpx.TransportError):
                answer = await client.get("/api/v1/meters/home/actual")
                if answer.is_success:
                    reading = Reading.from_json(answer.content)
                    shown = {name: reading.values.get(name) for name in expected}


@pytest.mark.parametrize("victim", ["reader", "parser", "history", "api", "broker", "broker and its disk"])
async def test_nothing_is_lost_and_nothing_is_counted_twice(broker: Broker, victim: str, tmp_path: Path) -> None:
    """Whatever part is killed three times in mid-flow: each telegram is kept once, and usage is what the dial moved."""
    dial = Dial.of(TELEGRAMS)
    with Bridge(dial.telegrams, interval_s=INTERVAL_S) as bridge:
        port = free_port()
        settings = settings_for(broker, bridge.url, api_port=port)
        serving = ("history", "parser", "api") if victim == "api" else ("history", "parser")
        parts = {name: Part(name, tmp_path, settings) for name in (*serving, "reader")}
        with running(parts):
            for name in serving:
                parts[name].start()
            await wait_until_up(broker, *serving)
            parts["reader"].start()
            for number in KILLS_AT:
                bridge.wait_for(number)
                killed = parts.get(victim, broker)
                killed.kill()
                if victim == "broker and its disk":
                    broker.forget()
                killed.start()
            bridge.wait_for(TELEGRAMS)
            await dial.wait_until_kept(tmp_path / "data", PATIENCE_S)
            if "api" in parts:
                await wait_until_served(port, dial.readings[-1])
            for name in ("reader", *serving):
                parts[name].stop()
            await dial.check(tmp_path / "data")
