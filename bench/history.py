"""History: bytes per year on disk, and how long questions take, from the hours of a day to ten years."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from meterkast_api.tables import power_json, usage_json
from meterkast_store import HistoryStore, Period

from bench import decade
from bench.decade import END, START, ZONE
from bench.report import Figure, Section

COLD, WARM = 5, 15
POINTS = 2000
TWO = ("power_import_w", "power_export_w")
SIX = (*TWO, "voltage_l1_v", "voltage_l2_v", "current_l1_a", "current_l2_a")
YEAR = "≤ 100 ms"
DECADE = "≤ 200 ms"

Ask = Callable[[HistoryStore], Awaitable[bytes]]
Question = tuple[str, Ask, str]


def measure() -> Section:
    """Fill ten years and ask."""
    return asyncio.run(_measure())


async def _measure() -> Section:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written = await decade.fill(folder)
        answers = [await _figure(folder, *question) for question in _questions()]
    per_year = written.size / decade.YEARS
    return Section(
        "History of ten years",
        f"SQLite, {written.quarters:,} quarters of a DSMR 5 meter with one reading each, gas by the hour, and a "
        f"reading a second in the last day. From question to JSON; cold: the first question to a store just opened, "
        f"median of {COLD}; warm: the same again, median of {WARM}.",
        (
            Figure("a year on disk", f"{per_year / 1e6:.1f} MB, gas included"),
            Figure("writing", f"{written.per_reading * 1e6:.0f} µs of CPU per reading, in batches of {decade.BATCH:,}"),
            *answers,
        ),
    )


def _questions() -> list[Question]:
    year, day = datetime(2025, 1, 1, tzinfo=ZONE), datetime(2025, 6, 1, tzinfo=ZONE)
    return [
        ("the hours of a day", _usage(Period.HOUR, day, day + timedelta(1)), ""),
        ("the days of a month", _usage(Period.DAY, day, day + timedelta(30)), ""),
        ("the months of a year", _usage(Period.MONTH, year, END), YEAR),
        ("the days of a year", _usage(Period.DAY, year, END), YEAR),
        ("the hours of a year", _usage(Period.HOUR, year, END), YEAR),
        ("the years of ten years", _usage(Period.YEAR, START, END), DECADE),
        ("the months of ten years", _usage(Period.MONTH, START, END), DECADE),
        ("the weeks of ten years", _usage(Period.WEEK, START, END), DECADE),
        ("the days of ten years", _usage(Period.DAY, START, END), DECADE),
        *(
            (f"{len(fields)} curves of {span}", _power(start, fields), aim)
            for span, start, aim in (
                ("an hour", END - timedelta(hours=1), YEAR),
                ("a day", END - timedelta(days=1), YEAR),
                ("a month", END - timedelta(days=31), YEAR),
                ("a year", year, YEAR),
                ("ten years", START, DECADE),
            )
            for fields in (TWO, SIX)
        ),
    ]


def _usage(per: Period, start: datetime, end: datetime) -> Ask:
    async def ask(store: HistoryStore) -> bytes:
        return usage_json(await store.usage("home", start, end, per, ZONE), start, end)

    return ask


def _power(start: datetime, fields: tuple[str, ...]) -> Ask:
    async def ask(store: HistoryStore) -> bytes:
        return power_json(await store.power("home", start, END, POINTS, fields), fields)

    return ask


async def _figure(folder: Path, name: str, ask: Ask, aim: str) -> Figure:
    cold = []
    for _ in range(COLD):
        async with decade.opened(folder) as store:
            cold.append(await _seconds(ask, store))
    async with decade.opened(folder) as store:
        await ask(store)
        warm = [await _seconds(ask, store) for _ in range(WARM)]
    return Figure(name, f"{statistics.median(cold) * 1e3:.0f} ms, warm {statistics.median(warm) * 1e3:.0f} ms", aim)


async def _seconds(ask: Ask, store: HistoryStore) -> float:
    began = time.perf_counter()
    await ask(store)
    return time.perf_counter() - began
