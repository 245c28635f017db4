"""Several writers that share the gateways, and the events they tell."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from meterkast_contracts.messages import Event, EventKind, Reading
from meterkast_history.__main__ import build_departure, build_history
from meterkast_history.service import HistoryService
from meterkast_history.settings import HistorySettings
from meterkast_history.share import Share
from meterkast_history.watch import Watch
from meterkast_runtime.errors import SettingsError
from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import MqttSession
from meterkast_runtime.supervision import unheeded
from meterkast_store import HistoryStore, StoreSettings, StoreUnavailableError, open_store
from pydantic import ValidationError

from tests.brokers import Broker
from tests.databases import DatabaseMissingError, DatabaseServer, influxdb_1
from tests.history.readings import KEPT_DAYS, START, reading
from tests.history.running import GIVE_UP_S, TOPICS, publisher, running, settings_for, stored, until

GATEWAYS = [f"house-{number}" for number in range(12)]


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseServer]:
    """Give a running InfluxDB."""
    try:
        with influxdb_1(tmp_path_factory.mktemp("share") / "influxdb") as server:
            yield server
    except DatabaseMissingError as missing:
        pytest.skip(str(missing))


def writer(broker: Broker, folder: Path, url: str | None, share: str, instance: str) -> HistorySettings:
    settings = settings_for(broker, folder / instance)
    section = settings.history.model_copy(update={"share": share})
    store = StoreSettings(url=url, retention_days=KEPT_DAYS)
    return settings.model_copy(update={"history": section, "store": store, "instance": instance}, deep=True)


def built(settings: HistorySettings) -> HistoryService:
    return build_history(settings, Health("history", settings.instance))


async def left(settings: HistorySettings) -> None:
    async with asyncio.timeout(GIVE_UP_S):
        await build_departure(settings, Health("history", settings.instance)).run(unheeded)


async def counts(store: HistoryStore) -> list[int]:
    return [await stored(store, gateway) for gateway in GATEWAYS]


async def told(session: MqttSession, numbers: range) -> None:
    readings = [reading(number, gateway=gateway) for number in numbers for gateway in GATEWAYS]
    await asyncio.gather(*(session.publish(TOPICS.reading(r.gateway), r.to_json(), retain=True) for r in readings))


def test_a_gateway_belongs_to_one_writer_by_its_checksum() -> None:
    """Anybody can compute it: CRC-32 of the name modulo the number of writers, counted from 1."""
    assert [Share(1, 2).has(name) for name in ("home", "shed", "house-1")] == [True, False, True]
    for of in range(1, 6):
        shares = [Share(number, of) for number in range(1, of + 1)]
        assert all(sum(share.has(gateway) for share in shares) == 1 for gateway in GATEWAYS)
    assert str(Share.parse("2/3")) == "2/3"


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "1/0", "one/2", "1/2/3", "-1/2", "²/3"])
def test_a_share_that_makes_no_sense_is_refused(text: str) -> None:
    """A writer that does not say which it is, of how many, does not start."""
    with pytest.raises(ValidationError, match="writer"):
        HistorySettings.model_validate({"history": {"share": text}})


def test_sqlite_has_one_writer(mosquitto: Broker, tmp_path: Path) -> None:
    """Two writers of one SQLite file are refused in a sentence; one that tells the events is not."""
    with pytest.raises(SettingsError, match=r"which has one writer: name an InfluxDB in store\.url"):
        built(writer(mosquitto, tmp_path, None, "1/2", "history-1"))
    assert built(writer(mosquitto, tmp_path, None, "1/1", "history-1")).waiting == 0


async def test_each_gateway_is_written_by_its_writer(mosquitto: Broker, influx: DatabaseServer, tmp_path: Path) -> None:
    """Two writers together write every gateway, each its own; one alone leaves the other's to wait for it."""
    url = f"influxdb://127.0.0.1:{influx.port}/shared"
    one, two = (writer(mosquitto, tmp_path, url, f"{n}/2", f"history-{n}") for n in (1, 2))
    async with open_store(one.store, tmp_path) as store, publisher(mosquitto) as session:
        async with running(built(two)):
            pass
        async with running(built(one)):
            await told(session, range(5))
            expected = [5 if Share(1, 2).has(gateway) else 0 for gateway in GATEWAYS]
            await until(lambda: _are(store, expected))
        async with running(built(two)):
            await until(lambda: _are(store, [5] * len(GATEWAYS)))


async def test_the_number_of_writers_changes_without_loss(
    mosquitto: Broker, influx: DatabaseServer, tmp_path: Path
) -> None:
    """Writers that leave write what waits for them; three that come instead of two write what comes from then on."""
    url = f"influxdb://127.0.0.1:{influx.port}/changed"
    two = [writer(mosquitto, tmp_path, url, f"{n}/2", f"history-{n}") for n in (1, 2)]
    three = [writer(mosquitto, tmp_path, url, f"{n}/3", f"history-{n}") for n in (1, 2, 3)]
    async with open_store(two[0].store, tmp_path) as store, publisher(mosquitto) as session:
        for settings in two:
            async with running(built(settings)):
                pass
        await told(session, range(5))
        await asyncio.gather(*map(left, two))
        assert await counts(store) == [5] * len(GATEWAYS)
        async with contextlib.AsyncExitStack() as stack:
            for settings in three:
                await stack.enter_async_context(running(built(settings)))
            await told(session, range(5, 8))
            await until(lambda: _are(store, [8] * len(GATEWAYS)))


async def _are(store: HistoryStore, expected: list[int]) -> bool:
    return await counts(store) == expected


def at(number: int, tariff: int, sags: int = 0) -> Reading:
    plain = reading(number)
    return plain.model_copy(update={"values": {**plain.values, "tariff": tariff, "voltage_sags_l1": sags}})


@contextlib.asynccontextmanager
async def listened(broker: Broker) -> AsyncIterator[list[Event]]:
    heard: list[Event] = []

    async def listen() -> None:
        async for message in session.messages():
            message.ack()
            heard.append(Event.from_json(message.payload))

    settings = settings_for(broker, Path()).mqtt
    session = MqttSession(settings, client_id="listener", subscriptions=[TOPICS.event("+")], persistent=False)
    async with session:
        await session.wait_connected()
        task = asyncio.create_task(listen())
        yield heard
        task.cancel()


async def test_a_sharing_writer_tells_the_events(mosquitto: Broker, tmp_path: Path) -> None:
    """What lies between readings is published and kept by their writer, across its restart too."""
    settings = writer(mosquitto, tmp_path, None, "1/1", "history-1")
    async with (
        open_store(settings.store, settings.data_dir) as store,
        publisher(mosquitto) as session,
        listened(mosquitto) as heard,
    ):

        async def flow(*readings: Reading) -> None:
            for one in readings:
                await session.publish(TOPICS.reading("home"), one.to_json(), retain=True)
            newest = max(one.measured_at for one in readings if one.measured_at)
            async with running(built(settings)):
                await until(lambda: _reaches(store, newest))

        async with running(built(settings)):
            pass
        await flow(at(0, 1), at(1, 1), at(2, 2), at(3, 2))
        await flow(at(5, 1), at(4, 2), at(5, 1), at(6, 1, sags=2))
        found = await store.events("home", START, START + timedelta(1))
        expected = [
            (EventKind.TARIFF_SWITCH, START + timedelta(seconds=2)),
            (EventKind.TARIFF_SWITCH, START + timedelta(seconds=5)),
            (EventKind.VOLTAGE_SAG, START + timedelta(seconds=6)),
        ]
        assert [(event.kind, event.at) for event in reversed(found)] == expected
        assert list(dict.fromkeys((event.kind, event.at) for event in heard)) == expected


async def _reaches(store: HistoryStore, moment: object) -> bool:
    newest = await store.latest("home")
    return newest is not None and newest.measured_at == moment


async def test_what_a_killed_writer_reads_again_tells_the_same(tmp_path: Path) -> None:
    """Whatever was remembered when it was killed, the readings that come again give the events that they gave."""
    readings = [at(0, 1), at(2, 2, 1), at(1, 1), at(3, 2, 1), at(4, 1, 3)]
    first = Watch(tmp_path / "events.sqlite", Share(1, 1))
    await first.open()
    sightings = [first.see(one) for one in readings]
    told_at_first = [event for sighting in sightings for event in sighting.events]
    assert len(told_at_first) == 4
    for kept in range(len(readings)):
        path = tmp_path / f"{kept}.sqlite"
        killed = Watch(path, Share(1, 1))
        await killed.open()
        await killed.keep(sighting.mark for sighting in sightings[:kept] if sighting.mark)
        again = Watch(path, Share(1, 1))
        await again.open()
        repeated = [event for one in readings[max(kept - 1, 0) :] for event in again.see(one).events]
        before = [event for sighting in sightings[:kept] for event in sighting.events]
        assert before + repeated == told_at_first


async def test_what_another_share_remembered_is_forgotten(tmp_path: Path) -> None:
    """A gateway may have been another writer's meanwhile: what was known of it then is no longer compared."""
    path = tmp_path / "events.sqlite"
    for share, known in ((Share(1, 2), []), (Share(1, 2), ["home"]), (Share(1, 3), [])):
        watch = Watch(path, share)
        await watch.open()
        assert watch.gateways == known
        sighting = watch.see(at(0, 1))
        await watch.keep([sighting.mark] if sighting.mark else [])


async def test_a_damaged_memory_is_said_with_what_to_do(tmp_path: Path) -> None:
    """A file that is no database does not stop the writer with a riddle."""
    path = tmp_path / "events.sqlite"
    path.write_bytes(b"nonsense" * 1000)
    with pytest.raises(StoreUnavailableError, match="delete it"):
        await Watch(path, Share(1, 1)).open()
