"""Fixtures of every test: real brokers, skipped in one line where a program is missing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.brokers import BROKERS, Broker, BrokerMissingError


def _running(kind: str, directory: Path) -> Iterator[Broker]:
    broker = BROKERS[kind](directory / kind)
    try:
        broker.start()
    except BrokerMissingError as missing:
        pytest.skip(str(missing))
    yield broker
    broker.stop()


@pytest.fixture(autouse=True)
def log_as_found() -> Iterator[None]:
    """Let no test end with a log set up for the process: those after it would look for theirs in vain."""
    before = structlog.get_config()
    yield
    assert structlog.get_config() == before


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Broker]:
    """Give a running Mosquitto."""
    yield from _running("mosquitto", tmp_path)


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Broker]:
    """Give a running nats-server."""
    yield from _running("nats", tmp_path)


@pytest.fixture(params=sorted(BROKERS))
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """Give each of the brokers in turn."""
    yield from _running(request.param, tmp_path)
