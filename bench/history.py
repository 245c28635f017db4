"""History: bytes per year on disk, and how long questions over ten years take."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from meterkast_reader.simulator import Meter
from meterkast_store import Batch, Period, Sample, StoreSettings, open_store

from bench.report import Figure, Section

YEARS = 10
ROUNDS = 15
_ZONE = ZoneInfo("Europe/Amsterdam")
_QUARTER_S = 900
_BATCH = 5000

_START = datetime(2016, 1, 1, tzinfo=_ZONE)
_END = datetime(2016 + YEARS, 1, 1, tzinfo=_ZONE)


def measure() -> Section:
    """Fill ten years of quarters, delete what retention does not keep, and ask."""
    return asyncio.run(_measure())


async def _measure() -> Section:
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(StoreSettings(), Path(folder)) as store:
            began = time.process_time()
            rows = 0
            samples = _samples()
            while batch := list(islice(samples, _BATCH)):
                await store.write(Batch(samples=batch))
                rows += len(batch)
                await store.prune(batch[-1].measured_at)
            writing = (time.process_time() - began) / rows

            def usage(per: Period, start: datetime, end: datetime) -> Callable[[], Awaitable[object]]:
                return lambda: store.usage("home", start, end, per, _ZONE)

            day = datetime(2020, 6, 1, tzinfo=_ZONE)
            hour = await _median(usage(Period.HOUR, day, day + timedelta(1)))
            days = await _median(usage(Period.DAY, day, day + timedelta(30)))
            months = await _median(
                usage(Period.MONTH, datetime(2020, 1, 1, tzinfo=_ZONE), datetime(2021, 1, 1, tzinfo=_ZONE))
            )
            years = await _median(usage(Period.YEAR, _START, _END))
            all_months = await _median(usage(Period.MONTH, _START, _END))
        size = _size(Path(folder))
    return Section(
        "History of ten years",
        f"SQLite, {rows:,} quarters of a DSMR 5 meter with one reading each, of which 90 days are kept as samples; "
        "median of 15, the store's connection open.",
        (
            Figure("a year on disk", f"{size / YEARS / 1e6:.1f} MB ({size / rows:.0f} bytes per quarter)"),
            Figure("writing", f"{writing * 1e6:.0f} µs of CPU per reading, in batches of {_BATCH:,}"),
            Figure("the hours of a day", f"{hour * 1e3:.1f} ms"),
            Figure("the days of a month", f"{days * 1e3:.1f} ms ({days / hour:.1f} times the day)"),
            Figure("the months of a year", f"{months * 1e3:.1f} ms ({months / hour:.1f} times the day)"),
            Figure("the years of ten years", f"{years * 1e3:.1f} ms ({years / hour:.1f} times the day)"),
            Figure("the months of ten years", f"{all_months * 1e3:.1f} ms ({all_months / hour:.1f} times the day)"),
        ),
    )


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("history*"))


async def _median(ask: Callable[[], Awaitable[object]]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await ask()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _samples() -> Iterator[Sample]:
    """A reading at each quarter, as a DSMR 5 meter's."""
    meter = Meter("nl-dsmr5", 3, starts=_START)
    moment, end = int(_START.timestamp()), int(_END.timestamp())
    while moment <= end:
        registers = meter.registers(moment)
        watts = moment // _QUARTER_S % 4000
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
        moment += _QUARTER_S
