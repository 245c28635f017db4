"""A history of months in the pipeline's own store, and the page that looks back on it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from meterkast_history.settings import HistorySettings
from meterkast_store import Batch, MbusSample, Sample, open_store
from playwright.async_api import Page

from tests.browser.pipeline import Pipeline

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
QUARTER = timedelta(minutes=15)
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
HOLE = (datetime(2025, 6, 3, 11, tzinfo=AMSTERDAM), datetime(2025, 6, 5, 19, tzinfo=AMSTERDAM))
CHANGED = datetime(2025, 9, 10, 9, 30, tzinfo=AMSTERDAM)
BEGINS = datetime(2024, 1, 1, tzinfo=AMSTERDAM)


def watts(at: datetime) -> int:
    """Net power of a quarter, the same every day: 400 W, sun from ten to four in summer."""
    local = at.astimezone(AMSTERDAM)
    return -1200 if 10 <= local.hour < 16 and 4 <= local.month <= 9 else 400


async def fill(directory: Path, begins: datetime = BEGINS) -> None:
    """Write a reading per quarter until now: a hole, another meter, gas by the hour."""
    at, now = begins.astimezone(UTC), datetime.now(UTC)
    imported, exported, gas = 4_000_000, 1_000_000, 700_000
    samples, mbus = [], []
    while at <= now:
        power = watts(at)
        if not HOLE[0] < at < HOLE[1]:
            samples.append(_sample(at, imported, exported, power))
            if at.minute == 0:
                mbus.append(MbusSample("home", "gas", "G1", at, "gas_l", gas))
        imported += max(power, 0) // 4
        exported += max(-power, 0) // 4
        gas += 60 if at.minute == 45 and at.month in (1, 2, 11, 12) else 0
        at += QUARTER
    async with open_store(HistorySettings().store, directory) as store:
        await store.write(Batch(samples=samples, mbus=mbus))


def _sample(at: datetime, imported: int, exported: int, power: int) -> Sample:
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


async def place(pipeline: Pipeline, page: Page, path: str) -> None:
    """Go to a place of the page by its address."""
    await page.goto(f"{pipeline.url}#{path}")
