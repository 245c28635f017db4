"""Any part is killed by SIGKILL while telegrams flow; afterwards history is as if nothing had happened."""

import asyncio
from pathlib import Path

import pytest
from meterkast_contracts.topics import service_status
from meterkast_runtime.mqtt import MqttSession, MqttSettings

from tests.brokers import Broker
from tests.pipeline.bridge import Bridge
from tests.pipeline.dial import Dial
from tests.pipeline.parts import Part, running, settings_for

TELEGRAMS = 240
INTERVAL_S = 0.02
KILLS_AT = (60, 120, 180)
PATIENCE_S = 90


async def wait_until_up(broker: Broker, *names: str) -> None:
    """Wait until services have said that they are well."""
    missing = set(names)
    topics = [service_status(name, "+") for name in names]
    settings = MqttSettings(host=broker.host, port=broker.port)
    watcher = MqttSession(settings, client_id="watcher", subscriptions=topics, persistent=False)
    async with asyncio.timeout(PATIENCE_S), watcher as session:
        async for message in session.messages():
            message.ack()
            if b'"status":"ok"' in message.payload:
                missing.discard(message.topic.split("/")[1])
            if not missing:
                return


@pytest.mark.parametrize("victim", ["reader", "parser", "history", "broker", "broker and its disk"])
async def test_nothing_is_lost_and_nothing_is_counted_twice(broker: Broker, victim: str, tmp_path: Path) -> None:
    """Whatever part is killed three times in mid-flow: each telegram is kept once, and usage is what the dial moved."""
    dial = Dial.of(TELEGRAMS)
    with Bridge(dial.telegrams, interval_s=INTERVAL_S) as bridge:
        settings = settings_for(broker, bridge.url)
        parts = {name: Part(name, tmp_path, settings) for name in ("history", "parser", "reader")}
        with running(parts):
            parts["history"].start()
            parts["parser"].start()
            await wait_until_up(broker, "history", "parser")
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
            for name in ("reader", "parser", "history"):
                parts[name].stop()
            await dial.check(tmp_path / "data")
