"""How gateways and services do, kept with a real broker and a real InfluxDB."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from meterkast_contracts.messages import HealthStatus
from meterkast_contracts.topics import ONLINE
from meterkast_history.__main__ import build_history
from meterkast_history.service import HistoryService
from meterkast_history.vitals import Vitals
from meterkast_history.vitals_keeper import DROPPED, VitalsKeeper
from meterkast_runtime.health import Health
from meterkast_runtime.metrics import total
from meterkast_runtime.mqtt import MqttSession
from meterkast_store import Batch, HistoryStore, StoreSettings, StoreUnavailableError, open_store

from tests.brokers import Broker
from tests.databases import DatabaseMissingError, DatabaseServer, influxdb_1
from tests.history.readings import reading
from tests.history.running import GIVE_UP_S, TOPICS, has, publish, publisher, running, settings_for, until
from tests.history.test_vitals import DEVICE, HEALTH, SERVICE

OFTEN_S = 0.1


@pytest.fixture
def influxdb(tmp_path: Path) -> Iterator[DatabaseServer]:
    """Give a running InfluxDB 1."""
    try:
        with influxdb_1(tmp_path / "influxdb") as server:
            yield server
    except DatabaseMissingError as missing:
        pytest.skip(str(missing))


def last(server: DatabaseServer, query: str) -> list[Any]:
    answer = httpx.get(f"{server.url}/query", params={"db": "meterkast_samples", "q": query}).json()["results"][0]
    return [row[1:] for series in answer.get("series", []) for row in series["values"]]


async def test_influxdb_keeps_how_everybody_does(mosquitto: Broker, influxdb: DatabaseServer, tmp_path: Path) -> None:
    """What gateways and services say stands in the database, beside how long each gateway has been silent."""
    settings = settings_for(mosquitto, tmp_path)
    store = open_store(StoreSettings(url=f"influxdb://127.0.0.1:{influxdb.port}/meterkast"), tmp_path)
    session = MqttSession(
        settings.mqtt, client_id="vitals", subscriptions=Vitals.subscriptions(TOPICS), persistent=False
    )
    vitals = VitalsKeeper(session, Vitals(TOPICS, DROPPED.inc), store, every_s=OFTEN_S)
    readings = MqttSession(settings.mqtt, client_id="history", subscriptions=HistoryService.subscriptions(TOPICS))
    service = HistoryService(settings, readings, store, Health("history"), vitals=vitals)

    async def kept() -> bool:
        devices = last(influxdb, 'SELECT last("telegrams"), last("online"), last("silent_s") FROM "device"')
        services = last(influxdb, 'SELECT last("telegrams"), last("up") FROM "service"')
        silent_s = devices[0].pop() if devices else None
        return (devices, services) == ([[360, 1]], [[360, 1]]) and silent_s is not None and 0 <= silent_s < GIVE_UP_S

    async with running(service), publisher(mosquitto) as said:
        await said.publish(TOPICS.device("home"), DEVICE.to_json(), retain=True)
        await said.publish(TOPICS.status("home"), ONLINE, retain=True)
        await said.publish(SERVICE, HEALTH.to_json(), retain=True)
        now = reading(0).model_copy(update={"measured_at": datetime.now(UTC), "received_at": datetime.now(UTC)})
        await said.publish(TOPICS.reading("home"), now.to_json())
        await until(kept)


class NoVitals:
    """A store that takes readings, and refuses in turn, politely and not, how gateways and services do."""

    def __init__(self, store: HistoryStore) -> None:
        self._store = store
        self.refusals = 0

    async def write(self, batch: Batch) -> None:
        if batch.devices or batch.services:
            self.refusals += 1
            if self.refusals % 2:
                raise StoreUnavailableError("write to", "samples", "there is no room", hint="free some space")
            raise RuntimeError("a mistake")
        await self._store.write(batch)

    async def __aenter__(self) -> Self:
        await self._store.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._store.__aexit__(*exc)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


async def test_readings_are_kept_whatever_becomes_of_it(mosquitto: Broker, tmp_path: Path) -> None:
    """Where it cannot be written how gateways and services do, that is counted, and every reading is kept."""
    settings = settings_for(mosquitto, tmp_path)
    refusing = NoVitals(open_store(StoreSettings(), tmp_path))
    vital_session = MqttSession(
        settings.mqtt, client_id="vitals", subscriptions=Vitals.subscriptions(TOPICS), persistent=False
    )
    vitals = VitalsKeeper(vital_session, Vitals(TOPICS, DROPPED.inc), refusing, every_s=OFTEN_S)  # type: ignore[arg-type]
    readings = MqttSession(settings.mqtt, client_id="h", subscriptions=HistoryService.subscriptions(TOPICS))
    health = Health("history")
    service = HistoryService(settings, readings, refusing, health, vitals=vitals)  # type: ignore[arg-type]
    dropped = total(DROPPED)

    async def refused_often() -> bool:
        return refusing.refusals > 3

    async with open_store(StoreSettings(), tmp_path) as store, running(service) as task, publisher(mosquitto) as said:
        health.ready()
        await said.publish(TOPICS.device("home"), DEVICE.to_json())
        await said.publish(TOPICS.device("shed"), b"nonsense")
        await until(refused_often)
        await publish(said, range(20))
        await until(lambda: has(store, 20))
        assert not task.done()
        assert health.status is HealthStatus.OK
    assert total(DROPPED) >= dropped + 4


async def test_sqlite_is_spared(mosquitto: Broker, tmp_path: Path) -> None:
    """With the embedded database nobody listens for it, and the service tells how large that database is."""
    health = Health("history")
    service = build_history(settings_for(mosquitto, tmp_path), health)
    async with open_store(StoreSettings(), tmp_path) as store, running(service), publisher(mosquitto) as said:
        await publish(said, range(5))
        await until(lambda: has(store, 5))
        figures = health.message().figures
        assert figures["database_bytes"] > 0
        assert figures["disk_free_bytes"] > 0
        assert figures["waiting"] == 0
        assert figures["rows"] >= 5
        assert 0 < figures["memory_bytes"] < 2**33
