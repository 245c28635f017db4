"""The history service on real brokers and a real SQLite file."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import pytest
from meterkast_contracts.messages import Event, EventKind, HealthStatus
from meterkast_history.__main__ import build_history
from meterkast_history.intake import Intake
from meterkast_history.service import HistoryService
from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import Message, MqttSession
from meterkast_store import Batch, HistoryStore, Period, StoreSettings, StoreUnavailableError, open_store

from tests.brokers import Broker
from tests.history.readings import START, reading
from tests.history.running import TOPICS, has, publish, publisher, running, settings_for, stored, until

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


async def test_readings_become_history(broker: Broker, tmp_path: Path) -> None:
    """What the parser publishes stands in the database, to the watt-hour and the litre."""
    settings = settings_for(broker, tmp_path)
    service = build_history(settings, Health("history"))
    async with (
        open_store(StoreSettings(), tmp_path) as store,
        running(service),
        publisher(broker) as session,
    ):
        await publish(session, range(121), every_s=60)
        await until(lambda: has(store, 121))
        usage = await store.usage("home", START, START + timedelta(hours=2), Period.HOUR, AMSTERDAM)
        assert [dict(row.values) for row in usage.rows] == [
            {"energy_import_t1_wh": 60, "energy_import_t2_wh": 0, "energy_import_wh": 60, "gas_l": 120}
        ] * 2


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x00\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"gateway": "home"}',
        b"[" * 100_000,
        b"9" * 1_000_000,
        reading(0, gateway="other").to_json(),
        reading(0).to_json()[:-1],
    ],
    ids=range(10),
)
async def test_malformed_messages_are_left_out(mosquitto: Broker, tmp_path: Path, payload: bytes) -> None:
    """A message that is no reading is acknowledged and left out; those around it are kept."""
    settings = settings_for(mosquitto, tmp_path)
    async with (
        open_store(StoreSettings(), tmp_path) as store,
        running(build_history(settings, Health("history"))),
        publisher(mosquitto) as session,
    ):
        await publish(session, range(1))
        await session.publish(TOPICS.reading("home"), payload)
        await session.publish(TOPICS.event("home"), payload)
        await publish(session, range(1, 2))
        await until(lambda: has(store, 2))


class Moody:
    """A store that refuses while `angry`."""

    def __init__(self, store: HistoryStore) -> None:
        self.store = store
        self.angry = True
        self.refused = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.store.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.store.__aexit__(*exc)

    async def write(self, batch: Batch) -> None:
        if self.angry:
            self.refused.set()
            raise StoreUnavailableError("write to", "history.sqlite", "the disk is full", hint="free some space")
        await self.store.write(batch)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


async def test_readings_wait_while_the_database_refuses(mosquitto: Broker, tmp_path: Path) -> None:
    """A full disk degrades the service, which says what to do; what came meanwhile is written afterwards."""
    settings = settings_for(mosquitto, tmp_path)
    health = Health("history")
    moody = Moody(open_store(StoreSettings(), tmp_path))
    session = MqttSession(settings.mqtt, client_id="h", subscriptions=HistoryService.subscriptions(TOPICS))
    service = HistoryService(settings, session, moody, health)  # type: ignore[arg-type]  # the rest is delegated
    async with (
        open_store(StoreSettings(), tmp_path) as store,
        running(service),
        publisher(mosquitto) as session,
    ):
        health.ready()
        await publish(session, range(50))
        await moody.refused.wait()
        assert health.status is HealthStatus.DEGRADED
        assert "free some space" in str(health.message().detail)
        moody.angry = False
        await until(lambda: has(store, 50))
        await until(lambda: _is(health, HealthStatus.OK))


async def _is(health: Health, status: HealthStatus) -> bool:
    return health.status is status


async def test_stopping_writes_what_was_taken(broker: Broker, tmp_path: Path) -> None:
    """Readings that wait for a batch are written at the stop, within two seconds."""
    settings = settings_for(broker, tmp_path, batch_wait_s=60, batch_enough=1000)
    service = build_history(settings, Health("history"))
    async with open_store(StoreSettings(), tmp_path) as store, publisher(broker) as session:
        async with running(service) as task:
            await publish(session, range(15))
            await until(lambda: _took(service, 15))
            task.cancel()
            async with asyncio.timeout(2):
                await asyncio.wait([task])
        assert await stored(store) == 15


async def _took(service: HistoryService, count: int) -> bool:
    return service.waiting == count


async def test_holes_and_new_counters_become_events(mosquitto: Broker, tmp_path: Path) -> None:
    """What only history can see is reported once: a hole that stayed, a counter that began anew, a new meter."""
    service = build_history(settings_for(mosquitto, tmp_path), Health("history"))
    now = START + timedelta(hours=8)
    async with (
        open_store(StoreSettings(), tmp_path) as store,
        running(service),
        publisher(mosquitto) as session,
    ):
        await publish(session, range(60), every_s=60)
        await publish(session, range(200, 260), every_s=60)
        for number in range(260, 300):
            anew = reading(number, every_s=60).model_copy(update={"values": {"energy_import_t1_kwh": number}})
            await session.publish(TOPICS.reading("home"), anew.to_json())
            other = reading(number, every_s=60, meter="E0044")
            if number > 280:
                await session.publish(TOPICS.reading("home"), other.to_json())
        await until(lambda: has(store, 60 + 60 + 40 + 19))
        await service.audit(now)
        await service.audit(now)
        found = await store.events("home", START, now)
        gap = START + timedelta(minutes=60)
        assert [(event.kind, event.at) for event in reversed(found)] == [
            (EventKind.GAP, gap),
            (EventKind.METER_REPLACED, START + timedelta(minutes=260)),
        ]
        assert found[-1].detail["energy_import_wh"] == 141


def test_a_reading_that_lost_its_meters_name_is_that_meters() -> None:
    """One telegram without the meter's line does not begin another meter's history."""
    intake = Intake(TOPICS)
    named, nameless = reading(1), reading(2).model_copy(update={"meter_id": None})
    meters = []
    for one in (nameless, named, nameless, reading(3, gateway="other").model_copy(update={"meter_id": None})):
        entry = intake.entry(Message(TOPICS.reading(one.gateway), one.to_json()))
        meters.append(entry.sample.meter if entry.sample else None)
    assert meters == [named.identification, named.meter_id, named.meter_id, named.identification]


async def test_events_are_kept(broker: Broker, tmp_path: Path) -> None:
    """An event that comes twice is kept once, with its detail."""
    service = build_history(settings_for(broker, tmp_path), Health("history"))
    event = Event(gateway="home", kind=EventKind.VOLTAGE_SAG, at=START, text="Sag.", detail={"l1": 2})
    async with (
        open_store(StoreSettings(), tmp_path) as store,
        running(service),
        publisher(broker) as session,
    ):
        await session.publish(TOPICS.event("home"), event.to_json())
        await session.publish(TOPICS.event("home"), event.to_json())

        async def kept() -> list[Event]:
            return await store.events("home", START, START)

        async def any_kept() -> bool:
            return bool(await kept())

        await until(any_kept)
        await publish(session, range(1))
        await until(lambda: has(store, 1))
        assert await kept() == [event]
