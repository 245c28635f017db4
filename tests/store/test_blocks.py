import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meterkast_store import Batch, PowerCurve, Sample
from meterkast_store.book import Book
from meterkast_store.instants import BLOCK_MS, QUARTER_MS, to_ms
from meterkast_store.rows import Row, Series, Table
from meterkast_store.sqlite import SqliteRows

from tests.store.houses import NOON, sample

BEGIN, END = NOON - timedelta(days=2), NOON + timedelta(days=4)
POINTS = 8
WIDTH = 3 * BLOCK_MS
FIELDS = ("power_import_w", "current_l1_a")


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[tuple[Book, SqliteRows]]:
    rows = SqliteRows(path)
    async with Book(rows, retention=timedelta(days=90), tolerance=timedelta(seconds=60)) as book:
        yield book, rows


@st.composite
def readings(draw: st.DrawFn) -> list[Sample]:
    """Readings in some quarters of four days, some without a current."""
    minutes = draw(st.lists(st.integers(0, 4 * 1440), min_size=1, max_size=60, unique=True))
    values = st.tuples(st.integers(0, 5000), st.none() | st.integers(0, 25))
    made = []
    for number, minute in enumerate(sorted(minutes)):
        power, current = draw(values)
        gauges = {"power_import_w": power} | ({} if current is None else {"current_l1_a": current})
        made.append(replace(sample(NOON + timedelta(minutes=minute), number), gauges=gauges))
    return made


def from_quarters(rows: Sequence[Row], name: str) -> dict[int, tuple[float, float, float]]:
    """Lowest, mean and highest of three blocks, from the quarters themselves."""
    groups: dict[int, list[Row]] = {}
    origin = to_ms(BEGIN)
    for row in rows:
        if f"{name}_sum" in row.fields:
            groups.setdefault((row.at - QUARTER_MS - origin) // WIDTH, []).append(row)
    return {
        origin + index * WIDTH: (
            min(row.number(f"{name}_min") for row in group),
            sum(row.number(f"{name}_sum") for row in group)
            / sum(row.number(f"{name}_n", row.number("count")) for row in group),
            max(row.number(f"{name}_max") for row in group),
        )
        for index, group in groups.items()
    }


def drawn(curve: PowerCurve, name: str) -> dict[int, tuple[float, float, float]]:
    return {
        to_ms(one.start): (spread.minimum, spread.mean, spread.maximum)
        for one in curve.bins
        if (spread := one.values.get(name)) is not None
    }


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(readings(), st.randoms(use_true_random=False), st.integers(1, 20))
async def test_wide_bins_are_made_of_the_quarters_whatever_the_order_of_arrival(
    tmp_path_factory: pytest.TempPathFactory, house: list[Sample], random: Random, batch: int
) -> None:
    """Late readings, and values that come for the first time late, count in the blocks too."""
    random.shuffle(house)
    async with opened(tmp_path_factory.mktemp("blocks") / "history.sqlite") as (book, rows):
        for index in range(0, len(house), batch):
            await book.write(Batch(samples=house[index : index + batch]))
        quarters = await rows.between(Series(Table.QUARTER, "home", "E0043"), 0, to_ms(END))
        curve = await book.power("home", BEGIN, END, POINTS, FIELDS)
        assert (to_ms(curve.start), curve.step_s) == (to_ms(BEGIN), WIDTH / 1000)
        assert sum(one.count for one in curve.bins) == len(house)
        for name, scale in (("power_import_w", 1), ("current_l1_a", 100)):
            expected = {
                at: pytest.approx([value / scale for value in spread])
                for at, spread in from_quarters(quarters, name).items()
            }
            assert drawn(curve, name) == expected


async def test_a_history_of_the_first_version_gets_its_blocks(tmp_path: Path) -> None:
    """Opened by this version, an older file answers wide curves as before."""
    path = tmp_path / "history.sqlite"
    house = [sample(NOON + timedelta(hours=hour), hour, power_import_w=hour) for hour in range(90)]
    async with opened(path) as (book, _):
        await book.write(Batch(samples=house))
        before = await book.power("home", BEGIN, END, POINTS)
    with closing(sqlite3.connect(path)) as file:
        file.execute("DROP TABLE block")
        file.execute("PRAGMA user_version = 1")
    async with opened(path) as (book, _):
        assert await book.power("home", BEGIN, END, POINTS) == before
    assert blocks(path) == [to_ms(NOON) // BLOCK_MS * BLOCK_MS + index * BLOCK_MS for index in range(-1, 14)]


def blocks(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as file:
        return [at for (at,) in file.execute("SELECT at FROM block ORDER BY at")]


async def test_the_newest_block_is_made_when_the_next_begins(tmp_path: Path) -> None:
    """A reading a second does not write the block anew each time."""
    path = tmp_path / "history.sqlite"
    async with opened(path) as (book, _):
        await book.write(Batch(samples=[sample(NOON + timedelta(minutes=1), 1, power_import_w=5)]))
        assert blocks(path) == []
        await book.write(Batch(samples=[sample(NOON + timedelta(hours=6, minutes=1), 2, power_import_w=7)]))
        assert blocks(path) == [to_ms(NOON)]


def test_bins_of_years_begin_at_blocks() -> None:
    """Six hours begin at midnight and every quarter of a day after it, in UTC."""
    assert BLOCK_MS == 6 * 3_600_000
    assert to_ms(datetime.fromisoformat("2026-01-01T00:00Z")) % BLOCK_MS == 0
