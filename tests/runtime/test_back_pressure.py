"""More messages than the consumer takes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from meterkast_runtime.mqtt import MqttSession

from tests.brokers import Broker, BrokerMissingError, BrokerOptions, Mosquitto
from tests.runtime.sessions import payloads, settings_for, take, until

COUNT = 3000
FAR_TOO_MUCH = bytes(2000)


@pytest.fixture
def unlimited(tmp_path: Path) -> Iterator[Broker]:
    """Give a broker that sends on without waiting for acknowledgements."""
    broker = Mosquitto(tmp_path, BrokerOptions(extra=("max_inflight_messages 0",)))
    try:
        broker.start()
    except BrokerMissingError as missing:
        pytest.skip(str(missing))
    yield broker
    broker.stop()


async def test_reading_stops_at_the_limit_and_nothing_is_dropped(unlimited: Broker) -> None:
    """A slow consumer's queue stays near its limit, and every message arrives in order."""
    settings = settings_for(unlimited)
    async with (
        MqttSession(settings, client_id="slow", subscriptions=["a"], receive_limit=10) as slow,
        MqttSession(settings, client_id="sender") as sender,
    ):
        await slow.wait_connected()
        for number in range(COUNT):
            sender.publish("a", number.to_bytes(2, "big") + FAR_TOO_MUCH)
        await sender.flush()
        await until(lambda: slow.waiting >= 10)
        assert slow.waiting < 50
        taken = await take(slow, COUNT)
    assert [int.from_bytes(payload[:2], "big") for payload in payloads(taken)] == list(range(COUNT))


async def test_a_full_queue_does_not_hold_up_an_acknowledgement(unlimited: Broker) -> None:
    """A consumer that publishes and waits for the answer gets it, though its queue is full."""
    settings = settings_for(unlimited)
    async with (
        MqttSession(settings, client_id="slow", subscriptions=["a"], receive_limit=10) as slow,
        MqttSession(settings, client_id="sender") as sender,
    ):
        await slow.wait_connected()
        for _ in range(COUNT):
            sender.publish("a", FAR_TOO_MUCH)
        await until(lambda: slow.waiting >= 10)
        await slow.publish("b", "answered")
        await take(slow, COUNT)


async def test_what_waits_does_not_hold_up_the_greeting(unlimited: Broker) -> None:
    """A session that returns is connected though nobody takes the messages that come before the broker's answer."""
    settings = settings_for(unlimited)
    away = MqttSession(settings, client_id="slow", subscriptions=["a"])
    async with away, MqttSession(settings, client_id="sender") as sender:
        await away.wait_connected()
        await away.aclose()
        for _ in range(COUNT):
            sender.publish("a", FAR_TOO_MUCH)
        await sender.flush()
        async with MqttSession(settings, client_id="slow", subscriptions=["a"], receive_limit=10) as back:
            async with asyncio.timeout(10):
                await back.wait_connected()
            await take(back, COUNT)


async def test_a_paused_connection_is_kept_alive(unlimited: Broker) -> None:
    """A connection that is not read for longer than the keep-alive time stays up."""
    settings = settings_for(unlimited, keepalive_s=1)
    async with (
        MqttSession(settings, client_id="slow", subscriptions=["a"], receive_limit=10) as slow,
        MqttSession(settings, client_id="sender") as sender,
    ):
        await slow.wait_connected()
        for _ in range(COUNT):
            sender.publish("a", FAR_TOO_MUCH)
        await sender.flush()
        await until(lambda: unlimited.log.count("PINGREQ from slow") >= 3)
        assert slow.connected
        await take(slow, COUNT)
        assert slow.connected
