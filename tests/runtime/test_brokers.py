"""The test brokers themselves."""

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.brokers import Broker


def _retained(broker: Broker, topic: str) -> bytes:
    received: list[bytes] = []
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _userdata, message: received.append(bytes(message.payload))
    client.connect(broker.host, broker.port)
    client.subscribe(topic, 1)
    while not received:
        client.loop(0.1)
    client.disconnect()
    client.loop(0.1)
    return received[0]


def test_a_broker_keeps_its_retained_messages_over_a_restart(broker: Broker) -> None:
    """A broker that is stopped in order and started again has the same port and data."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(broker.host, broker.port)
    info = client.publish("kept", b"1", qos=1, retain=True)
    while not info.is_published():
        client.loop(0.1)
    client.disconnect()
    client.loop(0.1)

    broker.restart()

    assert _retained(broker, "kept") == b"1"
