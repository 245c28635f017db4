"""The test brokers themselves."""

import asyncio
from contextlib import suppress

from meterkast_runtime.mqtt import MqttSession

from tests.brokers import Broker
from tests.runtime.sessions import payloads, quick, settings_for, take


async def test_a_broker_keeps_its_retained_messages_over_a_restart(broker: Broker) -> None:
    """A broker that is stopped in order and started again has the same port and data."""
    settings = settings_for(broker)
    async with MqttSession(settings, client_id="sender", backoff=quick()) as sender:
        await sender.publish("kept", "1", retain=True)
    broker.restart()
    kept: list[bytes] = []
    async with asyncio.timeout(30):
        while not kept:  # nats-server does not give them to who comes while it is still reading its disk
            async with MqttSession(settings, client_id="receiver", subscriptions=["kept"]) as receiver:
                with suppress(TimeoutError):
                    kept = payloads(await asyncio.wait_for(take(receiver, 1), 3))
    assert kept == [b"1"]
