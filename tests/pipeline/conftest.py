"""Brokers that are not Meterkast's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import Broker, BrokerMissingError, BrokerOptions, Mosquitto


@pytest.fixture
def mosquitto_port(mosquitto: Broker) -> int:
    """The port of a running Mosquitto."""
    return mosquitto.port


@pytest.fixture
def mosquitto_with_password(tmp_path: Path) -> Iterator[int]:
    """The port of a Mosquitto that lets in nobody but `huis`."""
    broker = Mosquitto(tmp_path / "guarded", BrokerOptions(username="huis", password="right"))
    try:
        broker.start()
    except BrokerMissingError as missing:
        pytest.skip(str(missing))
    yield broker.port
    broker.stop()
