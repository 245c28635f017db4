"""What every backend must do, on real servers."""

import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from meterkast_contracts.messages import Clock, Event, EventKind
from meterkast_store import Batch, HistoryStore, Period, Sample, StoreSettings, Usage, open_store

from tests.store.conftest import SettingsMaker
from tests.store.houses import NOON, gas, sample, steady
from tests.store.test_usage import book

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOTHING = Path("/nonexistent")


@pytest.fixture
def settings(backend: SettingsMaker) -> StoreSettings:
    return backend()


@pytest.fixture
async def store(settings: StoreSettings) -> AsyncIterator[HistoryStore]:
    async with open_store(settings, NOTHING) as opened:
        yield opened


@pytest.fixture
def home() -> str:
    """Name of a gateway of this test alone."""
    return f"g{uuid.uuid4().hex[:12]}"


def in_home(home: str, samples: list[Sample]) -> list[Sample]:
    return [replace(one, gateway=home) for one in samples]


async def test_a_sample_comes_back_as_it_was(store: HistoryStore, home: str) -> None:
    """Registers are exact, gauges as the meter wrote them, times to the millisecond, names any text."""
    full = Sample(
        gateway=home,
        meter="ISk5\\2MT382-1000 'x', a=b \"é\"",
        measured_at=NOON + timedelta(milliseconds=7),
        received_at=NOON + timedelta(milliseconds=1234),
        clock=Clock.RECEIVER,
        registers={"energy_import_t1_wh": 2**52, "energy_export_wh": 0},
        gauges={
            "power_import_w": 424,
            "voltage_l1_v": 230.1,
            "frequency_hz": 49.98,
            "voltage_l2_v": 229.876,
            "tariff": 2,
        },
    )
    await store.write(Batch(samples=[full]))
    (found,) = await store.samples(home, NOON, NOON + timedelta(seconds=1))
    assert replace(found, meter=full.meter) == full
    assert await store.latest(home) == found


async def test_writing_again_changes_nothing(store: HistoryStore, home: str) -> None:
    """A batch that comes twice leaves one sample, one snapshot, one event of each."""
    event = Event(gateway=home, kind=EventKind.TARIFF_SWITCH, at=NOON, text="Tariff 2.", detail={"tariff": 2})
    samples = in_home(home, list(steady(NOON, NOON + timedelta(minutes=30))))
    batch = Batch(samples=samples, mbus=[replace(gas(NOON, 5), gateway=home)], events=[event])
    seen = []
    for _ in range(2):
        await store.write(batch)
        curve = await store.power(home, NOON - timedelta(days=30), NOON + timedelta(days=30), 10)
        seen.append((
            await store.samples(home, NOON, NOON + timedelta(hours=1)), await usage(store, home), curve,
            await store.events(home, NOON, NOON), await store.meters(home),
        ))  # fmt: skip
    assert seen[0] == seen[1]
    assert len(seen[0][0]) == 31
    assert seen[0][3] == [event]


async def usage(store: HistoryStore, home: str, per: Period = Period.HOUR) -> Usage:
    return await store.usage(home, NOON - timedelta(days=3), NOON + timedelta(days=6), per, AMSTERDAM)


@pytest.mark.parametrize("seed", range(2))
async def test_usage_is_that_of_the_pure_logic(store: HistoryStore, home: str, seed: int) -> None:
    """Late, doubled and disordered readings with gaps and a replaced meter give the same usage in every backend."""
    dice = random.Random(seed)
    samples: list[Sample] = []
    at, wh = NOON, 10**9
    for number in range(600):
        at += timedelta(seconds=dice.choice([60] * 40 + [600, 4000, 12_000]))
        wh = 10**6 if number == 400 else wh + dice.randrange(50)
        samples.append(sample(at, wh, gateway=home, meter="NEW" if number >= 500 else "OLD", power_import_w=wh % 999))
    mbus = [replace(gas(NOON + timedelta(hours=n), n * 30), gateway=home) for n in range(24)]
    wanted = book()
    await wanted.write(Batch(samples=samples, mbus=mbus))
    muddled = [*samples, *dice.choices(samples, k=200)]
    dice.shuffle(muddled)
    dice.shuffle(mbus)
    for begin in range(0, len(muddled), 200):
        await store.write(Batch(samples=muddled[begin : begin + 200], mbus=mbus[begin * 6 // 200 :][:6]))
    for per in Period:
        assert await usage(store, home, per) == await usage(wanted, home, per)
    assert await store.meters(home) == await wanted.meters()


async def test_another_opening_reads_what_was_written(settings: StoreSettings, home: str) -> None:
    """History outlives the program, which goes on in the middle of a quarter as if it had never stopped."""
    samples = in_home(home, list(steady(NOON, NOON + timedelta(minutes=50))))
    for part in (samples[:20], samples[20:22], samples[22:]):
        async with open_store(settings, NOTHING) as opened:
            await opened.write(Batch(samples=part))
    async with open_store(settings, NOTHING) as opened:
        assert [row.values["energy_import_wh"] for row in (await usage(opened, home)).rows] == [350]
        assert len(await opened.samples(home, NOON, NOON + timedelta(hours=1))) == 51


async def test_power_of_a_short_time_comes_from_the_readings(store: HistoryStore, home: str) -> None:
    """Lowest, mean and highest of each bin; bins without readings are absent; never more bins than asked."""
    powers = [100, 300, 200, None, None, 50, 70]
    samples = [
        sample(NOON + timedelta(seconds=10 * n), n, gateway=home, power_import_w=w, voltage_l1_v=230.5)
        for n, w in enumerate(powers)
        if w is not None
    ]
    await store.write(Batch(samples=samples))
    fields = ("power_import_w", 'x") FROM "sample"; --', "energy_import_t1_wh", "voltage_l1_v")
    curve = await store.power(home, NOON, NOON + timedelta(seconds=90), 3, fields)
    spreads = [(one.start, one.count, one.values["power_import_w"]) for one in curve.bins]
    assert [(start, n, (s.minimum, s.mean, s.maximum)) for start, n, s in spreads] == [
        (NOON, 3, (100, 200, 300)),
        (NOON + timedelta(seconds=30), 1, (50, 50, 50)),
        (NOON + timedelta(seconds=60), 1, (70, 70, 70)),
    ]
    assert curve.bins[0].values["voltage_l1_v"].mean == pytest.approx(230.5)
    assert curve.step_s == 30
    assert set(curve.bins[0].values) == {"power_import_w", "voltage_l1_v"}


async def test_power_of_a_long_time_comes_from_the_quarters(store: HistoryStore, home: str) -> None:
    """A long curve weighs each quarter by its readings, also where some of them lack the value."""
    samples = [sample(NOON + timedelta(minutes=n + 1), n, gateway=home, power_import_w=n) for n in range(40)]
    samples[3] = replace(samples[3], gauges={})
    await store.write(Batch(samples=samples))
    curve = await store.power(home, NOON - timedelta(days=50), NOON + timedelta(days=50), 5000)
    (one,) = [found for found in curve.bins if found.values]
    spread = one.values["power_import_w"]
    assert len(curve.bins) <= 2000
    assert (spread.minimum, spread.maximum, one.count) == (0, 39, 40)
    assert spread.mean == pytest.approx((sum(range(40)) - 3) / 39)


@pytest.fixture
async def one_database(settings: StoreSettings) -> AsyncIterator[HistoryStore]:
    """Give a store that deletes its samples itself, as no database of theirs forgets them."""
    name = settings.place(NOTHING).rpartition("/")[2]
    alone = settings.model_copy(update={"samples_bucket": name, "retention_days": 90})
    async with open_store(alone, NOTHING) as opened:
        yield opened


async def test_old_samples_go_and_snapshots_stay(one_database: HistoryStore, home: str) -> None:
    """After the retention samples are gone, usage is what it was; a late reading cannot spoil an old snapshot."""
    store = one_database
    samples = in_home(home, list(steady(NOON, NOON + timedelta(hours=3))))
    await store.write(Batch(samples=samples))
    before = await usage(store, home)
    await store.prune(NOON + timedelta(days=90, hours=2))
    left = await store.samples(home, NOON, NOON + timedelta(hours=3))
    assert [left[0].measured_at, len(left)] == [NOON + timedelta(hours=2), 61]
    assert await usage(store, home) == before
    await store.write(Batch(samples=[replace(samples[3], registers={"energy_import_t1_wh": 5})]))
    assert await usage(store, home) == before


async def test_events_come_newest_first(store: HistoryStore, home: str) -> None:
    """Events of every kind in one list, with their detail exact, as many as asked."""
    events = [
        Event(
            gateway=home, kind=kind, at=NOON + timedelta(minutes=n), text=f"Says 'é', \"{n}\",\n{n}.",
            meter_id="E 1", detail={"n": n, "big": 10**30, "word": "x"},
        )
        for n, kind in enumerate([EventKind.GAP, EventKind.VOLTAGE_SAG, EventKind.GAP])
    ]  # fmt: skip
    await store.write(Batch(events=events))
    assert await store.events(home, NOON, NOON + timedelta(hours=1)) == events[::-1]
    assert await store.events(home, NOON, NOON + timedelta(hours=1), limit=1) == events[2:]


async def test_an_empty_history_answers(store: HistoryStore, home: str) -> None:
    """Asking for what was never written gives nothing, not an error."""
    span = (NOON, NOON + timedelta(days=400))
    assert await store.samples(home, *span) == []
    assert await store.events(home, *span) == []
    assert await store.latest(home) is None
    assert (await store.power(home, *span, 100)).bins == ()
    assert (await usage(store, home)).rows == ()
    await store.write(Batch())


async def test_meters_are_those_of_a_gateway_or_of_all(store: HistoryStore, home: str) -> None:
    """Who asks for one gateway's gets no other's, even where a meter's name is the same."""
    shed = f"{home}-shed"
    readings = [sample(NOON, 5, gateway=gateway, meter="E1") for gateway in (home, shed)]
    await store.write(Batch(samples=readings, mbus=[replace(gas(NOON, 7), gateway=shed)]))
    assert [(one.gateway, one.kind) for one in await store.meters(home)] == [(home, "electricity")]
    assert {one.kind for one in await store.meters(shed)} == {"electricity", "gas"}
    of_all = [one for one in await store.meters() if one.gateway in (home, shed)]
    assert of_all == [*await store.meters(home), *await store.meters(shed)]


async def test_where_registers_stood_is_told_with_a_neighbour_on_either_side(store: HistoryStore, home: str) -> None:
    """The first and last registers of each quarter of a time, and those before and after it; deleted rows never."""
    times = [NOON + timedelta(minutes=minutes) for minutes in (0, 16, 20, 31, 90)]
    await store.write(Batch(samples=in_home(home, [sample(at, 100 + index) for index, at in enumerate(times)])))
    found = await store.standings(home, "electricity", "E0043", times[1], times[2])
    assert [(one.first_at, one.at) for one in found] == [
        (times[0], times[0]),
        (times[1], times[2]),
        (times[3], times[3]),
    ]
    assert (found[1].first, found[1].registers) == ({"energy_import_t1_wh": 101}, {"energy_import_t1_wh": 102})
    assert await store.standings(home, "electricity", "E9", NOON, NOON) == []


async def test_what_is_inserted_meets_another_writer(settings: StoreSettings, home: str) -> None:
    """Readings put in beside a running writer are rows of the same meter: neither undoes the other's."""
    old = in_home(home, [sample(NOON - timedelta(hours=hours), 1_000_000 - hours) for hours in range(30, 0, -1)])
    async with open_store(settings, NOTHING) as writer, open_store(settings, NOTHING) as importer:
        await writer.write(Batch(samples=in_home(home, [sample(NOON, 1_000_000)])))
        await importer.insert(Batch(samples=old[:20], mbus=[replace(gas(old[0].measured_at, 5), gateway=home)]))
        await writer.write(Batch(samples=in_home(home, [sample(NOON + timedelta(minutes=40), 1_000_007)])))
        await importer.insert(Batch(samples=old[20:]))
        await importer.insert(Batch(samples=in_home(home, [sample(NOON + timedelta(minutes=20), 1_000_003)])))
        await writer.write(Batch(samples=in_home(home, [sample(NOON + timedelta(minutes=50), 1_000_009)])))
        (meter,) = [one for one in await writer.meters(home) if one.kind == "electricity"]
        assert (meter.first, len(meter.epochs)) == (old[0].measured_at, 1)
        found = await writer.standings(home, "electricity", "E0043", old[0].measured_at, NOON + timedelta(hours=1))
        assert [one.registers["energy_import_t1_wh"] for one in found] == [
            *(one.registers["energy_import_t1_wh"] for one in old), 1_000_000, 1_000_003, 1_000_007, 1_000_009,
        ]  # fmt: skip


async def test_a_reading_of_a_coarser_record_is_not_held(store: HistoryStore, home: str) -> None:
    """Between the midnights of a file of days nothing is known: hours show a hole, the day shows all."""
    days = [
        replace(gas(NOON.replace(hour=23) + timedelta(days=day), 1000 + 24 * day), gateway=home, lasting=False)
        for day in range(4)
    ]
    await store.insert(Batch(mbus=days))
    begin, end = days[0].measured_at, days[-1].measured_at
    hours = await store.usage(home, begin, end, Period.HOUR, AMSTERDAM)
    assert all(row.hole and not row.values for row in hours.rows)
    assert [hole.values for hole in hours.holes] == [{"gas_l": 24}] * 3
    daily = await store.usage(home, begin, end, Period.DAY, AMSTERDAM)
    assert [(row.hole, row.values["gas_l"]) for row in daily.rows] == [(False, 24)] * 3
    found = await store.standings(home, "gas", "G0001", begin, end)
    assert [one.lasting for one in found] == [False] * 4
