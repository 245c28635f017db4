"""Files of other programs in a real SQLite history."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meterkast_api.imports.importer import Importer, Order, Report
from meterkast_store import Batch, HistoryStore, MbusSample, Period, Sample, StoreSettings, Usage, open_store

from tests.api.other_programs import (
    AMSTERDAM,
    HOUR,
    NAMES,
    Dial,
    hourly,
    local,
    midnights,
    monitor_hours,
    monitor_table,
    moved,
    prd_months,
    reader_days,
    reader_hours,
    ring,
    ring_json,
)

START, END = local(2025, 3, 28), local(2025, 4, 4)
DIALS = hourly(START, END)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Write = Callable[[Sequence[Dial]], str]


@asynccontextmanager
async def history(folder: Path) -> AsyncIterator[HistoryStore]:
    async with open_store(StoreSettings(), folder) as store:
        yield store


async def bring(store: HistoryStore, folder: Path, text: str, *, now: datetime = NOW, **order: object) -> Report:
    file = folder / "file"
    await asyncio.to_thread(file.write_text, text)
    importer = Importer(store, now=lambda: now)
    return await importer.run(Order(file=file, gateway="home", zone=AMSTERDAM, **order))  # type: ignore[arg-type]


async def used(store: HistoryStore, per: Period, start: datetime = START, end: datetime = END) -> Usage:
    return await store.usage("home", start, end, per, AMSTERDAM)


def own(dial: Dial, minutes: int, *, first: int = 0) -> Batch:
    """What our own pipeline has from a dial on: a reading each minute, gas each hour; nothing is used meanwhile."""
    steps = range(first, minutes + 1)
    registers = dict(zip(NAMES[:4], dial.values[:4], strict=True))
    return Batch(
        samples=[Sample("home", "E1", dial.at + timedelta(minutes=step), registers=registers) for step in steps],
        mbus=[MbusSample("home", "gas", "G1", dial.at + first * timedelta(minutes=1), "gas_l", dial.values[4])],
    )


def by_hour(dials: Sequence[Dial]) -> list[dict[str, int]]:
    return [moved(dials[number : number + 2]) for number in range(len(dials) - 1)]


def registers(values: dict[str, int]) -> dict[str, int]:
    return {name: values[name] for name in NAMES}


WRITERS: list[tuple[Write, int]] = [
    (reader_hours, 0),
    (monitor_hours, 1),
    (monitor_table, 1),
    (ring, 1),
    (ring_json, 1),
]
"""How each program writes hours, and how many hours at either end have no register or are still running."""


@pytest.mark.parametrize(("write", "lacking"), WRITERS)
async def test_each_hour_is_as_the_other_program_had_it(tmp_path: Path, write: Write, lacking: int) -> None:
    """Usage per hour is exactly the file's differences, without holes, around the change to summer time."""
    async with history(tmp_path) as store:
        report = await bring(store, tmp_path, write(DIALS))
        inside = DIALS[lacking : len(DIALS) - lacking]
        hours = await used(store, Period.HOUR, inside[0].at, inside[-1].at)
        assert [registers(dict(row.values)) for row in hours.rows] == by_hour(inside)
        assert not any(row.hole for row in hours.rows)
        assert (report.begin, report.end) == (inside[0].at, inside[-1].at)
        assert report.new == report.readings == 2 * len(inside)
        assert registers(hours.total()) == moved(inside)


@pytest.mark.parametrize(("write", "lacking"), WRITERS)
async def test_the_same_file_again_adds_nothing(tmp_path: Path, write: Write, lacking: int) -> None:
    """A dry run says what would be added and adds nothing; the second import knows everything."""
    del lacking
    async with history(tmp_path) as store:
        dry = await bring(store, tmp_path, write(DIALS), dry_run=True)
        assert await store.meters() == []
        first = await bring(store, tmp_path, write(DIALS))
        assert (dry.new, dry.known, dry.refused.count) == (first.new, 0, first.refused.count)
        usage, meters = await used(store, Period.QUARTER), await store.meters()
        second = await bring(store, tmp_path, write(DIALS))
        assert (second.new, second.known, second.readings) == (0, first.new, first.readings)
        assert (await used(store, Period.QUARTER), await store.meters()) == (usage, meters)
        await store.prune(NOW)
        third = await bring(store, tmp_path, write(DIALS))
        assert (third.new, third.known) == (0, first.new)
        assert await used(store, Period.QUARTER) == usage


async def test_days_are_exact_and_their_hours_unknown(tmp_path: Path) -> None:
    """Registers of midnights give each day exactly; within a day nothing is made up, for gas neither."""
    async with history(tmp_path) as store:
        report = await bring(store, tmp_path, reader_days(DIALS))
        days = midnights(DIALS)
        daily = await used(store, Period.DAY)
        assert [registers(dict(row.values)) for row in daily.rows] == by_hour(days)
        assert not daily.holes
        hours = await used(store, Period.HOUR, days[1].at, days[2].at)
        assert all(row.hole and not any(row.values.values()) for row in hours.rows)
        assert registers(hours.total()) == moved(days[1:3])
        assert report.refused.count == 0


async def test_days_without_registers_are_counted_back(tmp_path: Path) -> None:
    """Days from before DSMR-reader kept registers hang on the first day that has them."""
    async with history(tmp_path) as store:
        report = await bring(store, tmp_path, reader_days(DIALS, registers_from=4))
        daily = await used(store, Period.DAY)
        assert [registers(dict(row.values)) for row in daily.rows] == by_hour(midnights(DIALS))
        assert len(await store.meters()) == 2
        assert any("counted back" in note for note in report.notes)


async def test_months_are_exact(tmp_path: Path) -> None:
    """A file of months gives months; the newest was still running."""
    dials = [Dial(local(2025, month, 1), (month * 1000, month * 2000, 5, month, month * 30)) for month in range(2, 7)]
    keys = [f"25{dial.wall.month - 1:02d}" for dial in dials]
    async with history(tmp_path) as store:
        report = await bring(store, tmp_path, prd_months(list(zip(keys, dials, strict=True))[::-1]))
        months = await used(store, Period.MONTH, dials[0].at, dials[-2].at)
        assert [registers(dict(row.values)) for row in months.rows] == by_hour(dials[:-1])
        assert not months.holes
        (refused,) = report.refused.first
        assert (refused.line, "still running" in refused.reason) == (2, True)


@pytest.mark.parametrize("write", [monitor_hours, ring])
async def test_registers_that_go_on_to_our_meter_become_part_of_it(tmp_path: Path, write: Write) -> None:
    """What was used between the file's end and our first reading is counted: it is the same meter, one epoch."""
    async with history(tmp_path) as store:
        await store.write(own(DIALS[-1], 60, first=7))
        report = await bring(store, tmp_path, write(DIALS))
        assert report.meters == {"electricity": "E1", "gas": "G1"}
        assert {info.meter: len(info.epochs) for info in await store.meters()} == {"E1": 1, "G1": 1}
        total = await used(store, Period.YEAR, local(2025, 1, 1), local(2026, 1, 1))
        assert registers(total.total()) == moved(DIALS[1:])
        assert len(total.rows) == 1


async def test_registers_of_another_meter_get_one_of_their_own(tmp_path: Path) -> None:
    """Where the dials would run backwards to ours, the meter was another: nothing is counted between the two."""
    async with history(tmp_path) as store:
        lower = Dial(DIALS[-1].at + HOUR, (5, 5, 0, 0, 5))
        await store.write(own(lower, 60))
        report = await bring(store, tmp_path, monitor_hours(DIALS))
        assert report.meters == {"electricity": "imported", "gas": "imported"}
        total = await used(store, Period.YEAR, local(2025, 1, 1), local(2026, 1, 1))
        assert registers(total.total()) == moved(DIALS[1:-1])


async def test_a_meter_that_was_replaced_in_the_old_history_begins_anew(tmp_path: Path) -> None:
    """Registers that go on from a lower value are another meter's; no difference is taken across."""
    later = hourly(END, END + 48 * HOUR, first=(100, 0, 0, 0, 900_000_000))
    async with history(tmp_path) as store:
        electricity = [Dial(dial.at, (*dial.values[:4], 0)) for dial in (*DIALS, *later[1:])]
        report = await bring(store, tmp_path, monitor_hours(electricity))
        (meter,) = await store.meters()
        assert len(meter.epochs) == 2
        total = (await used(store, Period.YEAR, local(2025, 1, 1), local(2026, 1, 1))).total()
        expected = moved(DIALS[1:])["energy_import_t1_wh"] + moved(later[1:-1])["energy_import_t1_wh"]
        assert total["energy_import_t1_wh"] == expected
        assert report.refused.count == 1
        again = await bring(store, tmp_path, monitor_hours(electricity))
        assert (again.new, again.refused.count) == (0, 1)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [(1, "runs backwards"), (4_000_000_000, "leaps"), (600_000, "does not fit the line after it")],
)
async def test_nonsense_between_good_registers_is_refused(tmp_path: Path, wrong: int, reason: str) -> None:
    """A register that stands out is named by its line; the hours around it are a hole with the right amount."""
    dials = list(DIALS)
    dials[50] = Dial(dials[50].at, (wrong, *dials[50].values[1:]))
    async with history(tmp_path) as store:
        report = await bring(store, tmp_path, monitor_hours(dials))
        named = [one for one in report.refused.first if "running" not in one.reason]
        assert [(one.line, reason in one.reason) for one in named] == [(50, True)]
        total = await used(store, Period.YEAR, local(2025, 1, 1), local(2026, 1, 1))
        assert registers(total.total()) == moved(DIALS[1:-1])


@pytest.mark.parametrize("write", [monitor_table, reader_hours])
async def test_the_order_of_files_does_not_matter(tmp_path: Path, write: Write) -> None:
    """Three stretches of hours, two of which overlap, come to the same usage of each hour whichever comes first."""
    cuts = [DIALS[:20], DIALS[19:35], DIALS[30:50]]
    seen: list[list[object]] = []
    for order in permutations(cuts):
        folder = tmp_path / str(len(seen))
        folder.mkdir()
        async with history(folder) as store:
            for cut in order:
                await bring(store, folder, write(cut))
            usage = await used(store, Period.HOUR)
            seen.append([(row.start, dict(row.values), row.hole) for row in usage.rows])
    assert len(seen[0]) > 45
    assert all(one == seen[0] for one in seen)


async def test_a_dry_run_that_would_make_room_counts_as_the_import_does(tmp_path: Path) -> None:
    """Nothing is lifted in a dry run, and its counts are those of the import."""
    async with history(tmp_path) as store:
        for part in (DIALS[:20], DIALS[40:60]):
            await bring(store, tmp_path, reader_hours(part))
        before = await store.samples("home", START, END)
        dry = await bring(store, tmp_path, reader_hours(DIALS[19:41]), dry_run=True)
        assert await store.samples("home", START, END) == before
        real = await bring(store, tmp_path, reader_hours(DIALS[19:41]))
        assert (dry.new, dry.known, dry.refused.count) == (real.new, real.known, real.refused.count)
        assert real.refused.count == 0
        hours = await used(store, Period.HOUR, START, DIALS[59].at)
        assert [registers(dict(row.values)) for row in hours.rows] == by_hour(DIALS[:60])
        assert not any(row.hole for row in hours.rows)


async def test_amounts_that_meet_our_first_reading_are_counted_from_it(tmp_path: Path) -> None:
    """DSMR-reader's hours up to the moment at which our history begins become part of our meter."""
    async with history(tmp_path) as store:
        await store.write(own(DIALS[-1], 60))
        report = await bring(store, tmp_path, reader_hours(DIALS))
        assert report.meters == {"electricity": "E1", "gas": "G1"}
        assert any("exactly those amounts" in note for note in report.notes)
        total = await used(store, Period.YEAR, local(2025, 1, 1), local(2026, 1, 1))
        assert registers(total.total()) == moved(DIALS)
        assert not total.holes


async def test_older_and_newer_amounts_are_put_on_either_side(tmp_path: Path) -> None:
    """Files of two years, whichever comes first, are one meter; for the one between them room is made."""
    parts = [DIALS[:40], DIALS[40:80], DIALS[80:]]
    for order in permutations(range(3)):
        folder = tmp_path / "".join(map(str, order))
        folder.mkdir()
        async with history(folder) as store:
            for index in order:
                report = await bring(store, folder, reader_hours(parts[index]))
                assert report.refused.count == 0
            assert {info.meter for info in await store.meters()} == {"imported"}
            assert all(len(info.epochs) == 1 for info in await store.meters())
            total = registers((await used(store, Period.YEAR, local(2025, 1, 1), local(2026, 1, 1))).total())
            assert total == {name: sum(moved(part)[name] for part in parts) for name in NAMES}


async def test_what_our_own_history_has_is_left_alone(tmp_path: Path) -> None:
    """Hours of a time that our pipeline has read are known where they agree, refused where they do not."""
    shifted = [Dial(dial.at, (dial.values[0] + 7, *dial.values[1:])) for dial in DIALS]
    async with history(tmp_path) as store:
        await store.write(own(DIALS[100], 180))
        before = await store.samples("home", DIALS[100].at, DIALS[103].at)
        report = await bring(store, tmp_path, monitor_table(shifted[95:107]), meter="E1")
        assert await store.samples("home", DIALS[100].at, DIALS[103].at) == before
        assert any("history says otherwise" in one.reason for one in report.refused.first)


async def test_the_last_hour_is_left_to_the_running_pipeline(tmp_path: Path) -> None:
    """Rows as new as what is being read now are not imported, nor is the future."""
    async with history(tmp_path) as store:
        now = DIALS[-3].at + timedelta(minutes=30)
        report = await bring(store, tmp_path, monitor_table(DIALS), now=now)
        assert report.end == DIALS[-4].at
        assert any("left to the running pipeline" in one.reason for one in report.refused.first)


async def test_time_that_another_meter_covers_is_not_counted_twice(tmp_path: Path) -> None:
    """Amounts of a time for which there are registers are refused."""
    async with history(tmp_path) as store:
        await bring(store, tmp_path, monitor_table(DIALS), meter="E7")
        before = await used(store, Period.DAY)
        report = await bring(store, tmp_path, reader_hours(DIALS[10:50]), meter="imported")
        assert report.new == 0
        assert any("history has what the meter E7 used" in one.reason for one in report.refused.first)
        assert await used(store, Period.DAY) == before


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 90_000)), min_size=3, max_size=30), st.randoms())
async def test_any_hours_come_to_what_the_dials_moved(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]], random: object
) -> None:
    """Whatever is used, with gaps, lines in any order: rows plus holes are what the dials moved."""
    folder = tmp_path_factory.mktemp("any")
    dials, at, value = [], START, 1000
    for hours, gain in steps:
        at, value = at + hours * HOUR, value + gain
        dials.append(Dial(at, (value, 0, 0, 0, value)))
    times = [f"{(dial.at - HOUR).astimezone(AMSTERDAM):%Y-%m-%d %H:%M:%S}" for dial in dials]
    texts = [f"{dial.values[0] / 1000:.3f},{dial.values[4] / 1000:.3f}" for dial in dials]
    lines = [f"{time},{text},P" for time, text in zip(times, texts, strict=True)]
    random.shuffle(lines)  # type: ignore[attr-defined]
    head = "TIMESTAMP,VERBR_KWH_181,VERBR_GAS_2421,TARIEFCODE"
    async with history(folder) as store:
        report = await bring(store, folder, "\n".join([head, *lines]))
        assert report.refused.count == 1
        usage = await used(store, Period.HOUR, START, dials[-1].at)
        expected = dials[-2].values[0] - dials[0].values[0]
        assert usage.total().get("energy_import_t1_wh", 0) == expected
        assert usage.total().get("gas_l", 0) == expected
