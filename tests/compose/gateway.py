"""A gateway in the network, as its firmware speaks: MQTT with TLS, a name and a password."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

WITHIN_S = 10.0


class Link:
    """One connection to the broker, by MQTT 5, whose answers give their reasons."""

    def __init__(self, port: int, trust: ssl.SSLContext | None, username: str | None, password: str | None) -> None:
        self.answer: ReasonCode | None = None
        self.messages: list[tuple[str, bytes]] = []
        self._port = port
        self._reasons: dict[int, ReasonCode] = {}
        self._connected, self._published, self._subscribed = Event(), Event(), Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.username_pw_set(username, password)
        if trust is not None:
            self._client.tls_set_context(trust)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message

    def connect(self) -> ReasonCode:
        """Connect and return what the broker says; raises OSError where TLS fails."""
        self._client.connect("localhost", self._port)
        self._client.loop_start()
        assert self._connected.wait(WITHIN_S), "the broker does not answer"
        assert self.answer is not None
        return self.answer

    def publish(self, topic: str, payload: bytes) -> str:
        """Publish with QoS 1 and return the broker's reason: `Success`, `Not authorized`."""
        self._published.clear()
        sent: MQTTMessageInfo = self._client.publish(topic, payload, qos=1)
        assert self._published.wait(WITHIN_S), f"the broker does not acknowledge {topic}"
        return str(self._reasons[sent.mid])

    def subscribe(self, topic: str) -> None:
        """Take the messages of a topic from now on."""
        self._subscribed.clear()
        self._client.subscribe(topic, qos=1)
        assert self._subscribed.wait(WITHIN_S), f"the broker does not acknowledge {topic}"

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, _client: Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self.answer = reason
        self._connected.set()

    def _on_publish(self, _client: Client, _data: Any, mid: int, reason: ReasonCode, _properties: Any) -> None:
        self._reasons[mid] = reason
        self._published.set()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self.messages.append((message.topic, bytes(message.payload)))


@contextmanager
def linked(port: int, trust: ssl.SSLContext | None, username: str | None, password: str | None) -> Iterator[Link]:
    """Give a connection that the broker has let in."""
    link = Link(port, trust, username, password)
    answer = link.connect()
    try:
        assert not answer.is_failure, f"{username} is refused: {answer}"
        yield link
    finally:
        link.close()
