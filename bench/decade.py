"""Ten years of a house's history: a reading a quarter, gas by the hour, and a last day of a reading a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from meterkast_reader.simulator import Meter
from meterkast_store import Batch, HistoryStore, MbusSample, Sample, StoreSettings, open_store, quarter
from meterkast_store.instants import quarter_of, to_ms
from meterkast_store.rows import Row, Series, Table
from meterkast_store.sampling import mbus_row, sample_row
from meterkast_store.sqlite import SqliteRows

YEARS = 10
ZONE = ZoneInfo("Europe/Amsterdam")
START = datetime(2016, 1, 1, tzinfo=ZONE)
END = datetime(2016 + YEARS, 1, 1, tzinfo=ZONE)
T = TypeVar("T")
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
BATCH = 5000
_LAST_DAY = END - timedelta(days=1)
_WRITTEN_FROM = END - timedelta(days=91)
_KEPT = Series(Table.QUARTER, "home", "E1")


@dataclass(frozen=True, slots=True)
class Written:
    """What writing took: quarters in all, bytes on disk before the last day, CPU seconds per reading."""

    quarters: int
    size: int
    per_reading: float


async def fill(folder: Path) -> Written:
    """Make the history in a folder: the quarters of most of it as rows, the last three months as readings come."""
    rows = SqliteRows(folder / "history.sqlite")
    await rows.open()
    quarters = 0
    for batch in _batches(_old_rows()):
        quarters += sum(row.series is _KEPT for row in batch)
        await rows.put(batch)
    async with opened(folder) as store:
        began = time.process_time()
        written = 0
        for readings in _batches(_readings(_WRITTEN_FROM, _LAST_DAY, QUARTER)):
            await store.write(Batch(samples=readings))
            written += len(readings)
        per_reading = (time.process_time() - began) / written
        await store.write(Batch(mbus=list(_gas(_WRITTEN_FROM, END))))
    size = await asyncio.to_thread(_size, folder)
    for batch in _batches(_last_rows()):
        await rows.put(batch)
    await rows.close()
    return Written(quarters + written + timedelta(days=1) // QUARTER, size, per_reading)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[HistoryStore]:
    """Give the history, newly opened."""
    async with open_store(StoreSettings(), folder) as store:
        yield store


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("history*"))


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def _old_rows() -> Iterator[Row]:
    for reading in _readings(START, _WRITTEN_FROM - QUARTER, QUARTER):
        yield _quarter_row([sample_row(reading)])
    yield from map(mbus_row, _gas(START, _WRITTEN_FROM - HOUR))


def _last_rows() -> Iterator[Row]:
    """Each second of the last day as a sample, and its quarters."""
    group: list[Row] = []
    for reading in _readings(_LAST_DAY + SECOND, END, SECOND):
        group.append(sample_row(reading))
        yield group[-1]
        if group[-1].at == quarter_of(group[-1].at):
            yield _quarter_row(group)
            group = []


def _quarter_row(samples: list[Row]) -> Row:
    (row,) = quarter.summarise(_KEPT, quarter_of(samples[-1].at), samples)
    return row


def _gas(start: datetime, end: datetime) -> Iterator[MbusSample]:
    for moment in _moments(start, end, HOUR):
        litres = (moment - to_ms(START) // 1000) // 36
        yield MbusSample("home", "gas", "G1", datetime.fromtimestamp(moment, UTC), "gas_l", litres)


def _moments(start: datetime, end: datetime, step: timedelta) -> range:
    return range(int(start.timestamp()), int(end.timestamp()) + 1, int(step.total_seconds()))


def _readings(start: datetime, end: datetime, step: timedelta) -> Iterator[Sample]:
    """Readings of a DSMR 5 meter with three phases."""
    meter = Meter("nl-dsmr5", 3, starts=START)
    for moment in _moments(start, end, step):
        registers = meter.registers(moment)
        watts = moment // 900 % 4000
        yield Sample(
            gateway="home",
            meter="E1",
            measured_at=datetime.fromtimestamp(moment, UTC),
            registers={
                "energy_import_t1_wh": registers.import_t1 // 3600,
                "energy_import_t2_wh": registers.import_t2 // 3600,
                "energy_export_t1_wh": registers.export_t1 // 3600,
                "energy_export_t2_wh": registers.export_t2 // 3600,
            },
            gauges={
                "power_import_w": watts,
                "power_export_w": 0,
                **{f"power_import_l{phase}_w": watts // 3 for phase in (1, 2, 3)},
                **{f"power_export_l{phase}_w": 0 for phase in (1, 2, 3)},
                **{f"voltage_l{phase}_v": 230 + phase / 10 for phase in (1, 2, 3)},
                **{f"current_l{phase}_a": watts // 700 for phase in (1, 2, 3)},
            },
        )
