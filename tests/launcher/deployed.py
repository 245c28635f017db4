"""A deployment's broker as its containers run it: deploy/mosquitto/mosquitto.conf, with places of the test."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from meterkast.init.command import run_init
from meterkast.init.wishes import Wishes
from paho.mqtt.enums import CallbackAPIVersion

from tests.brokers import Mosquitto, free_port

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "deploy" / "mosquitto" / "mosquitto.conf"
PATIENCE_S = 10


def init(folder: Path, **wishes: Any) -> Path:
    """Run init there, asking nothing."""
    folder.mkdir(exist_ok=True)
    (folder / "compose.yaml").touch()
    run_init(folder, Wishes(**wishes), ask=False)
    return folder


def secret(folder: Path, name: str) -> str:
    """A secret that init has made."""
    return (folder / "secrets" / name).read_text()


class Deployed(Mosquitto):
    """Mosquitto with what init has made."""

    def __init__(self, directory: Path, folder: Path) -> None:
        super().__init__(directory)
        self.folder = folder
        self.tls_port = free_port()

    def command(self, executable: str) -> list[str]:
        self.data.mkdir(exist_ok=True)
        included = self.directory / "broker"
        included.mkdir(exist_ok=True)
        listeners = self._placed((self.folder / "broker" / "tls.conf").read_text())
        (included / "tls.conf").write_text(listeners.replace("listener 8883", f"listener {self.tls_port} {self.host}"))
        configuration = self.directory / "mosquitto.conf"
        text = CONFIGURATION.read_text().replace("include_dir /mosquitto/broker", f"include_dir {included}")
        # as root it would take the user mosquitto, who may not write here
        configuration.write_text(f"{self._placed(text)}\nuser {self.directory.owner()}\n")
        return [executable, "-v", "-c", str(configuration)]

    def _placed(self, text: str) -> str:
        places = {
            "/mosquitto/broker/": f"{self.folder}/broker/",
            "/mosquitto/data/": f"{self.data}/",
            "/run/secrets/": f"{self.folder}/certificates/",
            "listener 1883": f"listener {self.port} {self.host}",
        }
        for there, here in places.items():
            text = text.replace(there, here)
        return text

    def client(self, user: str, password: str | None = None, **more: Any) -> "Client":
        """A client that has been answered; without a password it takes the secret."""
        return Client(self.host, self.port, user, password or self._password(user), **more)

    def _password(self, user: str) -> str:
        for name in (f"mqtt-{user}", f"mqtt-gateway-{user}", f"mqtt-program-{user}"):
            if (self.folder / "secrets" / name).exists():
                return secret(self.folder, name)
        raise KeyError(user)


class Client:
    """An MQTT client that waits for each answer of the broker."""

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        password: str,
        *,
        ca: Path | None = None,
        will: str | None = None,
        session: str | None = None,
    ) -> None:
        self.user = user
        name = session or f"test-{user}-{os.urandom(3).hex()}"
        self.received: dict[str, bytes] = {}
        self.count = 0
        self.refusal: str | None = None
        self._answered: set[int] = set()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=session is None)
        self._client.username_pw_set(user, password)
        self._client.max_inflight_messages_set(1000)
        if will:
            self._client.will_set(will, b"offline", qos=1)
        if ca:
            self._client.tls_set(str(ca))
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_publish = lambda _c, _u, mid, *_: self._answered.add(mid)
        self._client.on_subscribe = lambda _c, _u, mid, *_: self._answered.add(mid)
        self._connected = False
        self._client.connect(host, port)
        self._until(lambda: self._connected)

    def publish(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> None:
        """Publish, and wait for the acknowledgement, which Mosquitto gives for what it denies too."""
        mid = self._client.publish(topic, payload, qos=1, retain=retain).mid
        self._until(lambda: mid in self._answered)

    def publish_many(self, topic: str, payloads: Iterable[bytes]) -> None:
        """Publish all of them, and wait until the last is acknowledged."""
        mids = {self._client.publish(topic, payload, qos=1).mid for payload in payloads}
        self._until(lambda: mids <= self._answered)

    def wait_for_count(self, count: int) -> None:
        """Wait until so many messages have come."""
        self._until(lambda: self.count >= count)

    def subscribe(self, topic: str, *, qos: int = 0) -> None:
        """Subscribe, and wait for the answer; what was sent to this client before has come by then."""
        mid = self._client.subscribe(topic, qos=qos)[1]
        assert mid is not None
        self._until(lambda: mid in self._answered)

    def wait_for(self, topic: str) -> bytes:
        """Wait for a message on the topic."""
        self._until(lambda: topic in self.received)
        return self.received[topic]

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()

    def cut(self) -> None:
        """Be gone without a word."""
        socket = self._client.socket()
        assert socket is not None
        socket.close()

    @property
    def is_connected(self) -> bool:
        """Whether the broker still answers."""
        return self._client.loop(0) == mqtt.MQTT_ERR_SUCCESS and self._client.is_connected()

    def _until(self, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            self._client.loop(0.05)
            assert time.monotonic() < deadline, f"the broker has not answered {self.user} within {PATIENCE_S} s"

    def _on_connect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._connected = True
        self.refusal = str(reason) if reason.is_failure else None

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self.received[message.topic] = bytes(message.payload)
        self.count += 1
