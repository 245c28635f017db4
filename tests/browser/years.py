"""Weeks of last year and the last days in the pipeline's own store, for the pages that look back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from meterkast_store import Batch, MbusSample, Sample, StoreSettings, open_store

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
QUARTER = timedelta(minutes=15)
YEAR = datetime.now(AMSTERDAM).year - 1
HOLE = (datetime(YEAR, 6, 3, 11, tzinfo=AMSTERDAM), datetime(YEAR, 6, 5, 19, tzinfo=AMSTERDAM))
CHANGED = datetime(YEAR, 9, 10, 9, 30, tzinfo=AMSTERDAM)
STRETCHES = (
    (datetime(YEAR, 3, 28, tzinfo=AMSTERDAM), datetime(YEAR, 4, 1, tzinfo=AMSTERDAM)),
    (datetime(YEAR, 5, 20, tzinfo=AMSTERDAM), HOLE[0]),
    (HOLE[1], datetime(YEAR, 7, 10, tzinfo=AMSTERDAM)),
    (datetime(YEAR, 9, 9, tzinfo=AMSTERDAM), datetime(YEAR, 9, 12, tzinfo=AMSTERDAM)),
    (datetime(YEAR, 10, 24, tzinfo=AMSTERDAM), datetime(YEAR, 11, 1, tzinfo=AMSTERDAM)),
    (datetime.now(AMSTERDAM) - timedelta(2), datetime.now(AMSTERDAM)),
)
"""When readings came; the dials turned all the time."""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL = """selector => [...document.querySelectorAll(selector)].filter(element => {
    const { width, height } = element.getBoundingClientRect();
    return width > 1 && (width < 43.5 || height < 43.5);
}).map(element => element.outerHTML)"""
"""Of the elements that a selector finds, those too small for a finger."""


def watts(at: datetime) -> int:
    """Net power of a quarter, the same every day: 400 W, sun from ten to four in summer."""
    local = at.astimezone(AMSTERDAM)
    return -1200 if 10 <= local.hour < 16 and 4 <= local.month <= 9 else 400


async def fill(directory: Path) -> None:
    """Write a reading per quarter of each stretch: two electricity meters, and gas by the hour."""
    at, now = STRETCHES[0][0].astimezone(UTC), datetime.now(UTC)
    imported, exported, gas = 4_000_000, 1_000_000, 700_000
    samples, mbus = [], []
    while at <= now:
        if any(start <= at <= end for start, end in STRETCHES):
            samples.append(_sample(at, imported, exported))
            if at.minute == 0:
                mbus.append(MbusSample("home", "gas", "G1", at, "gas_l", gas))
        imported += max(watts(at), 0) // 4
        exported += max(-watts(at), 0) // 4
        gas += 60 if at.minute == 45 and at.hour in (6, 18) else 0
        at += QUARTER
    async with open_store(StoreSettings(), directory) as store:
        await store.write(Batch(samples=samples, mbus=mbus))


def _sample(at: datetime, imported: int, exported: int) -> Sample:
    power = watts(at)
    return Sample(
        gateway="home",
        meter="E1" if at < CHANGED else "E2",
        measured_at=at,
        registers={
            "energy_import_t1_wh": imported if at < CHANGED else imported - 4_000_000,
            "energy_export_t1_wh": exported,
        },
        gauges={
            "power_import_w": max(power, 0),
            "power_export_w": max(-power, 0),
            "power_import_l1_w": max(power, 0),
            "power_export_l1_w": max(-power, 0),
            "voltage_l1_v": 231.4,
            "current_l1_a": 2,
        },
    )
