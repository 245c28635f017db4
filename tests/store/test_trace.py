from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meterkast_store import Batch, MbusSample, Period, Sample
from meterkast_store.book import Book
from meterkast_store.instants import to_ms
from meterkast_store.period import boundaries
from meterkast_store.rows import Table
from meterkast_store.selection import selected
from meterkast_store.trace import Selection
from meterkast_store.usage import tabulate

from tests.store.houses import NOON, gas, steady, two_tariffs
from tests.store.memory import MemoryRows

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
BEGINNINGS = [datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2025, 10, 25, 20, tzinfo=UTC), NOON]
TOLERANCE_MS = 60_000
STEPS_S = (900, 900, 900, 450, 300, 897, 1000, 3600)
PAUSES_S = (0, 0, 0, 900, 30, 2700, 40_000)
HAPPENINGS = ("", "", "", "replaced", "restarted", "second register", "wrong reading")


@st.composite
def meters(draw: st.DrawFn, begin: datetime) -> list[Sample]:
    """Readings that follow the boundaries for a while, then pause, lose a register, start again or do so elsewhere."""
    at, registers, meter = begin, {"energy_import_t1_wh": 10**9}, 0
    samples: list[Sample] = []
    stretch = st.tuples(
        st.sampled_from(STEPS_S),
        st.integers(1, 30),
        st.sampled_from(PAUSES_S),
        st.sampled_from(HAPPENINGS),
        st.integers(0, 99),
    )
    for step, count, pause, happening, gain in draw(st.lists(stretch, min_size=1, max_size=8)):
        at += timedelta(seconds=pause)
        if happening == "second register":
            registers = {"energy_import_t1_wh": registers["energy_import_t1_wh"]} | (
                {} if "energy_import_t2_wh" in registers else {"energy_import_t2_wh": gain}
            )
        elif happening == "wrong reading" and samples:
            samples.append(two_tariffs(at + timedelta(seconds=7), {"energy_import_t1_wh": gain}, meter=f"M{meter}"))
        elif happening:
            registers = {name: value // 10 for name, value in registers.items()}
            meter += happening == "replaced"
        for _ in range(count):
            at += timedelta(seconds=step)
            registers = {name: value + gain for name, value in registers.items()}
            samples.append(two_tariffs(at, registers, meter=f"M{meter}"))
    return samples


@st.composite
def gas_meters(draw: st.DrawFn, begin: datetime) -> list[MbusSample]:
    """Hourly or other readings at their own time, with pauses and a register that starts again."""
    at, litres = begin, 5_000_000
    readings: list[MbusSample] = []
    stretch = st.tuples(
        st.sampled_from((300, 900, 3600, 3600, 3597)), st.integers(1, 30), st.sampled_from(PAUSES_S), st.booleans()
    )
    for step, count, pause, restarts in draw(st.lists(stretch, max_size=5)):
        at += timedelta(seconds=pause)
        litres = litres // 10 if restarts else litres
        for number in range(count):
            at, litres = at + timedelta(seconds=step), litres + number
            readings.append(gas(at, litres))
    return readings


@st.composite
def houses(draw: st.DrawFn) -> tuple[list[Sample], list[MbusSample]]:
    begin = draw(st.sampled_from(BEGINNINGS))
    return draw(meters(begin)), draw(gas_meters(begin))


async def selections(rows: MemoryRows, table: Table, bounds: list[int]) -> list[Selection]:
    found = [await selected(rows, one, bounds, tolerance_ms=TOLERANCE_MS) for one in await rows.series(table)]
    return [one for one in found if one is not None]


@settings(max_examples=100, deadline=None)
@given(houses(), st.sampled_from(Period), st.integers(-5, 60), st.integers(1, 100), st.randoms(use_true_random=False))
async def test_runs_and_the_marks_between_them_tell_what_all_marks_tell(
    house: tuple[list[Sample], list[MbusSample]], per: Period, begin_h: int, hours: int, random: Random
) -> None:
    """Holes, resets, other meters, registers that come and go, late arrivals: row by row and hole by hole the same."""
    samples, mbus = house
    rows = MemoryRows()
    book = Book(rows, retention=timedelta(days=90), tolerance=timedelta(milliseconds=TOLERANCE_MS))
    await book.write(Batch(samples=samples[::2], mbus=mbus))
    await book.write(Batch(samples=random.sample(samples, len(samples))))
    start = samples[0].measured_at + timedelta(hours=begin_h)
    end = start + timedelta(hours=hours)
    bounds = boundaries(to_ms(start), to_ms(end), per, AMSTERDAM)
    quarters, others = [await selections(rows, table, bounds) for table in (Table.QUARTER, Table.MBUS)]
    by_run = tabulate(
        bounds, [s.trace(bounds) for s in quarters], [s.trace(bounds) for s in others], tolerance_ms=TOLERANCE_MS
    )
    by_marks = tabulate(bounds, [s.whole() for s in quarters], [s.whole() for s in others], tolerance_ms=TOLERANCE_MS)
    assert by_run == by_marks
    usage = await book.usage("home", start, end, per, AMSTERDAM)
    assert (usage.rows, usage.holes) == by_marks


@pytest.mark.parametrize(("missing", "pieces"), [((), 2), ((3,), 3)])
async def test_an_unbroken_history_is_one_run(missing: tuple[int, ...], pieces: int) -> None:
    """Of many rows only those around a missing one, which tell how often readings came, become marks."""
    rows = MemoryRows()
    readings = [
        one
        for one in steady(NOON, NOON + timedelta(hours=9))
        if (one.measured_at - NOON - timedelta(seconds=1)) // timedelta(hours=1) not in missing
    ]
    await Book(rows, retention=timedelta(days=90), tolerance=timedelta(minutes=1)).write(Batch(samples=readings))
    bounds = boundaries(to_ms(NOON), to_ms(NOON + timedelta(hours=9)), Period.HOUR, AMSTERDAM)
    (selection,) = await selections(rows, Table.QUARTER, bounds)
    trace = selection.trace(bounds)
    assert len(trace.pieces) == pieces
    assert sum(len(run.values) for run in trace.runs) == 8 - 3 * len(missing)
