"""The MQTT session against real brokers."""

import asyncio

from meterkast_runtime.mqtt import MqttSession, MqttSettings

from tests.brokers import Broker


def settings_for(broker: Broker) -> MqttSettings:
    return MqttSettings(host=broker.host, port=broker.port)


async def test_what_is_published_arrives(broker: Broker) -> None:
    """A published message is acknowledged and reaches a subscriber whole."""
    settings = settings_for(broker)
    async with (
        MqttSession(settings, client_id="receiver", subscriptions=["a/#"]) as receiver,
        MqttSession(settings, client_id="sender") as sender,
    ):
        await receiver.wait_connected()
        await sender.publish("a/b", b"\x00\xff")
        async for message in receiver.messages():
            message.ack()
            assert (message.topic, message.payload) == ("a/b", b"\x00\xff")
            break
        await asyncio.wait_for(sender.flush(), 1)
