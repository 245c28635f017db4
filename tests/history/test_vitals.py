"""How gateways and services do, from what they say of themselves."""

from datetime import UTC, datetime, timedelta
from itertools import count

import orjson
import pytest
from meterkast_contracts.messages import DeviceInfo, HealthStatus, ServiceHealth
from meterkast_contracts.topics import OFFLINE, ONLINE, Topics
from meterkast_history.vitals import MOST_BYTES, MOST_FIGURES, Vitals
from meterkast_store import Vital

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TOPICS = Topics()
DEVICE = DeviceInfo(
    gateway="home", source="serial:/dev/ttyUSB0", version="1", started_at=NOW - timedelta(hours=1), uptime_s=3600,
    signal_dbm=-61, counters={"telegrams": 360, "crc_errors": 2},
)  # fmt: skip
HEALTH = ServiceHealth(
    service="parser", instance="main", status=HealthStatus.OK, version="1", at=NOW, started_at=NOW,
    figures={"telegrams": 360, "cpu_s": 1.0},
)  # fmt: skip
SERVICE = "meterkast/parser/main/status"


class Heap:
    """Vitals, and how many words were dropped."""

    def __init__(self) -> None:
        self._count = count(1)
        self.dropped = 0
        self.vitals = Vitals(TOPICS, self._drop)

    def _drop(self) -> None:
        self.dropped = next(self._count)


@pytest.fixture
def heap() -> Heap:
    """Give vitals of nobody yet."""
    return Heap()


def test_the_last_word_of_each_counts(heap: Heap) -> None:
    """A gateway's figures are its counters, whether it is online and for how long it has sent no reading."""
    vitals = heap.vitals
    vitals.take(TOPICS.device("home"), DEVICE.model_copy(update={"uptime_s": 1}).to_json())
    vitals.take(TOPICS.device("home"), DEVICE.to_json())
    vitals.take(TOPICS.status("home"), ONLINE)
    vitals.read("home", NOW - timedelta(seconds=8))
    vitals.read("home", NOW - timedelta(minutes=9))
    figures = {
        "telegrams": 360, "crc_errors": 2, "uptime_s": 3600, "signal_dbm": -61, "online": 1, "silent_s": 8,
        "known": 1,
    }  # fmt: skip
    assert vitals.batch(NOW).devices == [Vital("home", NOW, figures)]
    assert vitals.batch(NOW + timedelta(minutes=5)).devices[0].figures["silent_s"] == 308
    assert (vitals.known(), vitals.online(), vitals.silent(NOW)) == (1, 1, 0)
    assert vitals.silent(NOW + timedelta(minutes=11)) == 1
    vitals.take(TOPICS.status("home"), OFFLINE)
    assert vitals.batch(NOW).devices[0].figures["online"] == 0
    assert (vitals.known(), vitals.online()) == (1, 0)
    assert not heap.dropped


@pytest.mark.parametrize(("status", "up"), [("ok", 1), ("degraded", 1), ("starting", 0), ("failed", 0), ("lost", 0)])
def test_a_service_is_up_while_it_works(heap: Heap, status: str, up: int) -> None:
    """A service's figures are its own and whether it is up; trouble of a part is no reason to call it down."""
    health = HEALTH.model_copy(update={"status": HealthStatus(status)})
    heap.vitals.take(SERVICE, health.to_json())
    figures = {"telegrams": 360, "cpu_s": 1.0, "up": up, "told": 1}
    assert heap.vitals.batch(NOW).services == [Vital("parser", NOW, figures, "main")]


def test_who_was_taken_away_is_forgotten(heap: Heap) -> None:
    """An empty message, by which a retained one is cleared, ends what is said of its source."""
    vitals = heap.vitals
    vitals.take(TOPICS.device("home"), DEVICE.to_json())
    vitals.take(SERVICE, HEALTH.to_json())
    vitals.read("home", NOW)
    vitals.take(TOPICS.status("home"), ONLINE)
    for topic in (TOPICS.device("home"), TOPICS.status("home"), SERVICE):
        vitals.take(topic, b"")
    batch = vitals.batch(NOW)
    assert (list(batch.devices), list(batch.services), heap.dropped) == ([], [], 0)
    assert (vitals.known(), vitals.online(), vitals.silent(NOW + timedelta(days=1))) == (0, 0, 0)


@pytest.mark.parametrize(
    "topic", [TOPICS.device("home"), TOPICS.status("home"), SERVICE, "dsmr/+/device", "a", "dsmr/x/y"]
)
@pytest.mark.parametrize("payload", [b"\xff", b"null", b"[]", b"{}", b"7", b"[" * 5000, b"x" * (MOST_BYTES + 1)])
def test_what_makes_no_sense_is_dropped(heap: Heap, topic: str, payload: bytes) -> None:
    """Any bytes on any topic are counted and dropped, and spoil no other's word."""
    heap.vitals.take(TOPICS.status("shed"), ONLINE)
    heap.vitals.take(topic, payload)
    batch = heap.vitals.batch(NOW)
    assert [vital.of for vital in batch.devices] == ["shed"]
    assert not batch.services
    assert heap.dropped == 1
    heap.vitals.batch(NOW)
    assert heap.dropped == 1


def test_a_source_cannot_flood_the_database(heap: Heap) -> None:
    """Figures beyond a number, with names that are none, or of values that are none, are left out."""
    figures = {f"f{number}": number for number in range(500)}
    wire = {**orjson.loads(HEALTH.to_json()), "figures": figures}
    heap.vitals.take(SERVICE, orjson.dumps(wire))
    assert len(heap.vitals.batch(NOW).services[0].figures) == MOST_FIGURES + 2
    odd = {"a b": 1, "Ü": 1, "x" * 99: 1, "huge": 1e300, "fine": 2}
    heap.vitals.take(SERVICE, orjson.dumps({**wire, "figures": odd}))
    assert heap.vitals.batch(NOW).services[0].figures == {"fine": 2, "up": 1, "told": 1}
