"""The MQTT session every service uses."""

from meterkast_runtime.unused import without

with without("dns"):  # for brokers found by SRV records, of which we know none
    import paho.mqtt.client  # noqa: F401

from meterkast_runtime.errors import MqttClosedError, MqttConnectionError, MqttError, MqttQueueFullError
from meterkast_runtime.mqtt.message import Message, Will
from meterkast_runtime.mqtt.session import MqttSession
from meterkast_runtime.mqtt.settings import MqttSettings

__all__ = [
    "Message",
    "MqttClosedError",
    "MqttConnectionError",
    "MqttError",
    "MqttQueueFullError",
    "MqttSession",
    "MqttSettings",
    "Will",
]
