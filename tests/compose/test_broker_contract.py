"""What the runtime asks of a broker, of Mosquitto in its official container."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import Broker
from tests.compose.engine import Engine
from tests.containers import prepared, wait_for
from tests.runtime.test_brokers import test_a_broker_keeps_its_retained_messages_over_a_restart
from tests.runtime.test_session import (
    test_a_broken_connection_leaves_the_will,
    test_a_message_for_an_absent_session_waits_for_it,
    test_what_a_killed_client_did_not_acknowledge_comes_again,
    test_what_is_published_arrives,
    test_what_is_published_while_the_broker_is_down_goes_out_later_in_order,
)

__all__ = [
    "test_a_broken_connection_leaves_the_will",
    "test_a_broker_keeps_its_retained_messages_over_a_restart",
    "test_a_message_for_an_absent_session_waits_for_it",
    "test_what_a_killed_client_did_not_acknowledge_comes_again",
    "test_what_is_published_arrives",
    "test_what_is_published_while_the_broker_is_down_goes_out_later_in_order",
]

IMAGE = "eclipse-mosquitto:2"
PORT = 1883
CONFIGURATION = f"""
listener {PORT}
allow_anonymous true
persistence true
persistence_location /mosquitto/data/
max_inflight_messages 1000
"""


class MosquittoInContainer(Broker):
    """Mosquitto of the official image; restarted, it keeps its port and its data."""

    program = "docker"

    def start(self) -> None:
        """Start the container, the first time a new one."""
        self._box.get_wrapped_container().start() if self._is_made else self._make()
        wait_for(self.host, self.port)

    def stop(self) -> None:
        """Stop the broker in order."""
        self._box.get_wrapped_container().stop()

    def kill(self) -> None:
        """End the broker by SIGKILL."""
        self._box.get_wrapped_container().kill()

    def remove(self) -> None:
        """Take the container away."""
        if self._is_made:
            self._box.stop()

    _is_made = False

    def _make(self) -> None:
        self.directory.mkdir()
        configuration = self.directory / "mosquitto.conf"
        configuration.write_text(CONFIGURATION)
        self._box = prepared(IMAGE, PORT, at=self.port, files={configuration: "/mosquitto/config/mosquitto.conf"})
        self._box.start()
        self._is_made = True


@pytest.fixture
def broker(images: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """Give a Mosquitto in a container."""
    if host := images.environment.get("DOCKER_HOST"):
        monkeypatch.setenv("DOCKER_HOST", host)
    broker = MosquittoInContainer(tmp_path / "mosquitto")
    broker.start()
    try:
        yield broker
    finally:
        broker.remove()
