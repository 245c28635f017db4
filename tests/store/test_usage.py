from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meterkast_store import Batch, MbusSample, Period, Sample, Usage, UsageRow
from meterkast_store.book import Book
from meterkast_store.quarter import is_alive
from meterkast_store.rows import Table

from tests.store.houses import NOON, gas, sample, steady
from tests.store.memory import MemoryRows

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
BEGIN = datetime(2026, 3, 27, 20, 7, tzinfo=UTC)
CHANGES = [datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2025, 10, 25, 22, tzinfo=UTC)]
COARSER = [
    (Period.QUARTER, Period.HOUR),
    (Period.HOUR, Period.DAY),
    (Period.DAY, Period.WEEK),
    (Period.DAY, Period.MONTH),
    (Period.MONTH, Period.YEAR),
]
EXAMPLES = settings(max_examples=60, deadline=None)
HAPPENINGS = ("replaced", "restarted")
GAPS_S = (10, 55, 61, 300, 600, 880, 900, 1000, 3600, 7200, 40_000)


def book(rows: MemoryRows | None = None) -> Book:
    return Book(rows or MemoryRows(), retention=timedelta(days=90), tolerance=timedelta(seconds=60))


async def used(
    samples: list[Sample], per: Period, start: datetime, end: datetime, mbus: list[MbusSample] | None = None
) -> Usage:
    history = book()
    await history.write(Batch(samples=samples, mbus=mbus or []))
    return await history.usage("home", start, end, per, AMSTERDAM)


@st.composite
def houses(draw: st.DrawFn) -> list[Sample]:
    """Readings around a change to summer time, with gaps, replaced meters and counters that start again."""
    epoch, wh, at, meter = 9, 10**9, 0, 0
    samples: list[Sample] = []
    steps = st.tuples(st.sampled_from(GAPS_S), st.integers(0, 900), st.sampled_from(["", *HAPPENINGS, *[""] * 20]))
    for gap, gain, happening in draw(st.lists(steps, min_size=1, max_size=80)):
        at, wh = at + gap, wh + gain
        if happening and epoch:
            epoch -= 1
            wh = 10**epoch
            meter += happening == "replaced"
        one = sample(BEGIN + timedelta(seconds=at), wh, meter=f"M{meter}")
        samples.append(replace(one, gauges=power(gain)))
    return samples


def power(gain: int) -> dict[str, float]:
    """Some readings lack one value, some another."""
    return {name: gain / 10 for name in ("voltage_l1_v",) if gain % 3} | ({"power_import_w": gain} if gain % 4 else {})


def snapshots(rows: MemoryRows) -> list[tuple[object, ...]]:
    """All that the snapshots say, apart from fields that say nothing."""
    return [
        (series, at, sorted(item for item in row.fields.items() if item != ("reset", 0)))
        for series in sorted(rows.tables, key=lambda one: one.name)
        for at, row in sorted(rows.tables[series].items())
        if series.table is Table.QUARTER and is_alive(row)
    ]


def dial_moved(samples: list[Sample]) -> int:
    """What the dials moved within epochs, counted reading by reading."""
    moved = 0
    for before, after in pairwise(sorted(samples, key=lambda one: one.measured_at)):
        step = after.registers["energy_import_t1_wh"] - before.registers["energy_import_t1_wh"]
        moved += step if before.meter == after.meter and step >= 0 else 0
    return moved


def energy(row: UsageRow) -> int:
    return row.values.get("energy_import_wh", 0)


@EXAMPLES
@given(houses(), st.sampled_from(Period))
async def test_rows_and_holes_add_up_to_what_the_dials_moved(samples: list[Sample], per: Period) -> None:
    """Whatever the period, rows plus holes are exactly what the dials moved, over gaps and replaced meters."""
    usage = await used(samples, per, BEGIN - timedelta(days=40), BEGIN + timedelta(days=40))
    assert usage.total().get("energy_import_wh", 0) == dial_moved(samples)


@EXAMPLES
@given(houses(), st.sampled_from(COARSER))
async def test_finer_rows_and_holes_add_up_to_each_coarser_row(
    samples: list[Sample], periods: tuple[Period, Period]
) -> None:
    """Hours and holes within a day make up the day, days and holes the month, to the last watt-hour."""
    fine, coarse = periods
    history = book()
    await history.write(Batch(samples=samples))
    for row in (await history.usage("home", BEGIN, BEGIN + timedelta(days=9), coarse, AMSTERDAM)).rows:
        parts = await history.usage("home", row.start, row.end, fine, AMSTERDAM)
        assert parts.total().get("energy_import_wh", 0) == energy(row)


@EXAMPLES
@given(houses(), st.randoms(use_true_random=False), st.integers(1, 7), st.sampled_from([Period.QUARTER, Period.DAY]))
async def test_the_order_of_arrival_makes_no_difference(
    samples: list[Sample], random: Random, batch: int, per: Period
) -> None:
    """Readings that come late, out of order and more than once leave the same rows as readings in order."""
    end = BEGIN + timedelta(days=9)
    ordered, rows = MemoryRows(), MemoryRows()
    await book(ordered).write(Batch(samples=samples))
    expected = await book(ordered).usage("home", BEGIN, end, per, AMSTERDAM)
    muddled = [*samples, *random.choices(samples, k=len(samples) // 2)]
    random.shuffle(muddled)
    history = book(rows)
    for index in range(0, len(muddled), batch):
        await history.write(Batch(samples=muddled[index : index + batch]))
    assert await history.usage("home", BEGIN, end, per, AMSTERDAM) == expected
    assert snapshots(rows) == snapshots(ordered)


@EXAMPLES
@given(houses(), st.sampled_from([Period.HOUR, Period.DAY, Period.WEEK]))
async def test_reading_few_rows_gives_what_reading_all_gives(samples: list[Sample], per: Period) -> None:
    """A row between two boundaries that have a snapshot is the difference of those two snapshots, nothing else."""
    snapshots = snapshots_of(samples)
    usage = await used(samples, per, BEGIN, BEGIN + timedelta(days=9))
    for row in usage.rows:
        if row.start in snapshots and row.end in snapshots and row.complete:
            (meter, before), (same, after) = snapshots[row.start], snapshots[row.end]
            if meter == same and all(one.meter == meter for one in samples) and after >= before:
                assert (energy(row), row.hole) == (after - before, False)


def snapshots_of(samples: list[Sample]) -> dict[datetime, tuple[str, int]]:
    """At each quarter-hour: the meter and register of the last sample of the minute before it."""
    found = {}
    for one in samples:
        boundary = BEGIN.replace(minute=0)
        boundary += timedelta(seconds=-(-(one.measured_at - boundary).total_seconds() // 900) * 900)
        if boundary - one.measured_at <= timedelta(seconds=60):
            found[boundary] = (one.meter, one.registers["energy_import_t1_wh"])
    return found


@pytest.mark.parametrize(("midnight", "hours"), [(CHANGES[0], 23), (CHANGES[1], 25)])
async def test_days_are_as_long_as_the_clock_makes_them(midnight: datetime, hours: int) -> None:
    """The day of the change to summer time has 23 hours, that of the change to winter time 25."""
    end = midnight + timedelta(hours=hours)
    samples = list(steady(midnight - timedelta(hours=2), end + timedelta(hours=2)))
    (day,) = (await used(samples, Period.DAY, midnight, end)).rows
    by_hour = await used(samples, Period.HOUR, midnight, end)
    assert (day.start, day.end) == (midnight, end)
    assert energy(day) == hours * 60 * 7
    assert [energy(row) for row in by_hour.rows] == [60 * 7] * hours


async def test_a_hole_is_shown_and_what_was_used_across_it_is_booked_to_it() -> None:
    """Inside a hole rows have no value; the rows around it keep what is known; the hole has the rest."""
    samples = [
        one for one in steady(NOON, NOON + timedelta(hours=5)) if not 65 < (one.measured_at - NOON).seconds // 60 < 200
    ]
    usage = await used(samples, Period.HOUR, NOON, NOON + timedelta(hours=5))
    assert [(row.hole, dict(row.values).get("energy_import_t1_wh")) for row in usage.rows] == [
        (False, 420),
        (True, 35),
        (True, None),
        (True, 280),
        (False, 420),
    ]
    (hole,) = usage.holes
    assert (hole.start, hole.end) == (NOON + timedelta(minutes=65), NOON + timedelta(minutes=200))
    assert hole.values["energy_import_wh"] == 135 * 7
    (day,) = (await used(samples, Period.DAY, NOON, NOON + timedelta(hours=5))).rows
    assert energy(day) == 300 * 7


async def test_a_replaced_meter_is_never_subtracted_from_its_predecessor() -> None:
    """What the old meter counted until its last reading and the new one since its first is the day's usage."""
    old = list(steady(NOON, NOON + timedelta(minutes=67)))
    new = [sample(one.measured_at + timedelta(minutes=70), step, meter="NEW") for step, one in enumerate(old)]
    (day,) = (await used([*old, *new], Period.DAY, NOON, NOON + timedelta(hours=3))).rows
    assert energy(day) == 67 * 7 + 67


async def test_a_counter_that_starts_again_begins_an_epoch() -> None:
    """The same meter running backwards is a new epoch, seen in its meter's entry and never subtracted."""
    samples = list(steady(NOON, NOON + timedelta(minutes=40)))
    restart = samples[20].measured_at
    samples[20:] = [sample(one.measured_at, step) for step, one in enumerate(samples[20:])]
    history = book()
    await history.write(Batch(samples=samples))
    (meter,) = await history.meters()
    assert [epoch.start for epoch in meter.epochs] == [NOON, restart]
    usage = await history.usage("home", NOON, NOON + timedelta(hours=1), Period.DAY, AMSTERDAM)
    assert usage.total()["energy_import_wh"] == 19 * 7 + 20


async def test_one_wrong_reading_between_two_right_ones_is_set_aside() -> None:
    """A single reading that fits neither neighbour, while they fit each other, counts for nothing."""
    samples = list(steady(NOON, NOON + timedelta(hours=1)))
    for wrong in (0, 999_999_999):
        samples[20] = sample(samples[20].measured_at, wrong)
        usage = await used(samples, Period.HOUR, NOON, NOON + timedelta(hours=1))
        assert [energy(row) for row in usage.rows] == [420]


async def test_gas_stands_at_its_own_time() -> None:
    """An hourly gas meter's reading that comes minutes after the hour belongs to the hour it closes."""
    readings = [gas(NOON + timedelta(hours=hour), 5_000_000 + 100 * hour) for hour in range(6)]
    samples = list(steady(NOON, NOON + timedelta(hours=5)))
    usage = await used(samples, Period.HOUR, NOON, NOON + timedelta(hours=5), readings)
    assert [row.values["gas_l"] for row in usage.rows] == [100] * 5
    quarters = await used(samples, Period.QUARTER, NOON, NOON + timedelta(hours=5), readings)
    assert [row.values["gas_l"] for row in quarters.rows] == [0, 0, 0, 100] * 5


@EXAMPLES
@given(
    st.lists(st.tuples(st.sampled_from((300, 1800, 3600, 3597, 7200, 86_400)), st.integers(0, 900)), max_size=60),
    st.sampled_from(Period),
    st.randoms(use_true_random=False),
)
async def test_gas_rows_and_holes_add_up_to_what_the_dial_moved(
    steps: list[tuple[int, int]], per: Period, random: Random
) -> None:
    """M-Bus readings at whatever times and in whatever order: rows plus holes are what the dial moved."""
    at, litres = BEGIN, 1_000_000
    readings = [gas(at, litres)]
    for gap, gain in steps:
        at, litres = at + timedelta(seconds=gap), litres + gain
        readings.append(gas(at, litres))
    random.shuffle(readings)
    usage = await used([], per, BEGIN - timedelta(days=40), BEGIN + timedelta(days=100), readings)
    assert usage.total().get("gas_l", 0) == litres - 1_000_000


async def test_a_replaced_gas_meter_is_a_series_of_its_own() -> None:
    """Two gas meters, known by serial, add up; the second is never subtracted from the first."""
    readings = [gas(NOON + timedelta(hours=hour), 5_000_000 + 100 * hour) for hour in range(3)]
    readings += [gas(NOON + timedelta(hours=3 + hour), 40 * hour, meter="G0002") for hour in range(3)]
    samples = list(steady(NOON, NOON + timedelta(hours=6)))
    usage = await used(samples, Period.DAY, NOON, NOON + timedelta(hours=6), readings)
    assert usage.total()["gas_l"] == 200 + 80


async def test_the_running_period_reaches_to_the_latest_reading() -> None:
    """A row whose time still runs has what was used so far, and says that it is not complete."""
    samples = list(steady(NOON, NOON + timedelta(minutes=100)))
    usage = await used(samples, Period.HOUR, NOON, NOON + timedelta(hours=5))
    assert [(energy(row), row.complete) for row in usage.rows] == [(420, True), (280, False)]


@pytest.mark.parametrize("per", [Period.QUARTER, Period.HOUR, Period.DAY])
@pytest.mark.parametrize("at", [NOON + timedelta(hours=11), NOON + timedelta(hours=11, minutes=7)])
async def test_a_single_reading_within_a_hole_tells_no_usage(at: datetime, per: Period) -> None:
    """Whether at a boundary or between two: rows on either side are unknown, not zero; what was used is the holes'."""
    before, after = NOON + timedelta(hours=1), NOON + timedelta(days=2)
    readings = [sample(NOON, 999_999), sample(before, 1_000_000), sample(at, 1_000_004), sample(after, 1_000_018)]
    usage = await used(readings, per, NOON, after + timedelta(hours=1))
    silent = [row for row in usage.rows if before <= row.start and row.end <= after]
    assert silent
    assert {(row.hole, *row.values) for row in silent} == {(True,)}
    assert usage.total()["energy_import_wh"] == 19


async def test_one_reading_a_quarter_is_enough() -> None:
    """Readings thinned to one a quarter, whenever in it they come, leave no holes."""
    begin = NOON + timedelta(seconds=33)
    samples = list(steady(begin, begin + timedelta(hours=6), every_s=900))
    usage = await used(samples, Period.HOUR, NOON, NOON + timedelta(hours=5))
    assert [(energy(row), row.hole) for row in usage.rows[1:]] == [(28, False)] * 4
    assert usage.holes == ()


@EXAMPLES
@given(houses(), st.randoms(use_true_random=False))
async def test_inserting_comes_to_the_same_rows_as_writing(samples: list[Sample], random: Random) -> None:
    """Readings put in among others, whichever they are, lead to the snapshots that writing all of them leads to."""
    early = [one for one in samples if random.random() < 0.5]
    late = [one for one in samples if one not in early]
    written, inserted = MemoryRows(), MemoryRows()
    await book(written).write(Batch(samples=samples))
    history = book(inserted)
    await history.write(Batch(samples=early))
    for begin in range(0, len(late), 7):
        await history.insert(Batch(samples=late[begin : begin + 7]))
    assert snapshots(inserted) == snapshots(written)
