"""A house with something of everything, and all that its history says."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from meterkast.backup.making import BackupOptions, make_backup
from meterkast.backup.settings import BackupSettings
from meterkast_contracts.messages import Event, EventKind
from meterkast_runtime.settings import HomeSection
from meterkast_store import Batch, HistoryStore, MbusSample, Period, Sample, StoreSettings, open_store
from meterkast_store.archive import FOR_A_TIME, FOR_EVER, open_archive
from meterkast_store.rows import Field, Series

START = datetime(2025, 12, 30, 22, tzinfo=UTC)
END = START + timedelta(days=3)
ZONE = ZoneInfo("Europe/Amsterdam")
MINUTE = timedelta(minutes=1)
Rows = Mapping[tuple[Series, int], Mapping[str, Field]]


def settings_of(data_dir: Path, url: str | None = None) -> BackupSettings:
    return BackupSettings(data_dir=data_dir, store=StoreSettings(url=url, retention_days=36_500), home=HomeSection())


def reading(number: int, meter: str = "E1", since: int = 0) -> Sample:
    """The number-th minute of a house whose meter starts at `since`."""
    at = START + number * MINUTE
    return Sample(
        "home", meter, at, at + timedelta(milliseconds=300),
        registers={"energy_import_t1_wh": 9_007_199_254_000 + 7 * (number - since), "energy_export_t1_wh": number // 3},
        gauges={"power_import_w": number % 500, "voltage_l1_v": 230.1 + number % 7 / 10, "frequency_hz": 50.01},
    )  # fmt: skip


def batch(first: int = 0, last: int = 4320) -> Batch:
    """Three days over a New Year with a hole, a replaced meter, gas by the hour, and events."""
    numbers = [number for number in range(first, last) if not 1000 <= number < 1100]
    electricity = [reading(n) if n < 3000 else reading(n, "E2", 3000) for n in numbers]
    gas = [
        MbusSample("home", "gas", "G1", START + hour * 60 * MINUTE, "gas_l", 5_000 + 11 * hour)
        for hour in range(first // 60, last // 60)
    ]
    replaced = Event(
        gateway="home", kind=EventKind.METER_REPLACED, at=START + 3000 * MINUTE, text="E1 → „E2”", detail={"n": 1}
    )
    return Batch(samples=electricity, mbus=gas, events=[replaced] if first <= 3000 < last else [])


async def written(settings: BackupSettings, *batches: Batch) -> None:
    async with open_store(settings.store, settings.data_dir) as store:
        for one in batches:
            await store.write(one)


async def rows_of(settings: BackupSettings) -> Rows:
    """Every row there is."""
    async with open_archive(settings.store, settings.data_dir) as archive:
        return {
            (row.series, row.at): row.fields
            async for page in archive.pages((*FOR_EVER, *FOR_A_TIME))
            for row in page.apart()
        }


async def told(settings: BackupSettings) -> list[object]:
    """Meters, usage, standings, events and readings, as other parts see them."""
    async with open_store(settings.store, settings.data_dir) as store:
        meters = await store.meters()
        usages = [await store.usage("home", START, END, per, ZONE) for per in (Period.YEAR, Period.DAY, Period.QUARTER)]
        standings = [await store.standings("home", m.kind, m.meter, START, END) for m in meters]
        curve = await store.power("home", START, END, 12)
        return [meters, usages, standings, await _past(store), curve]


async def _past(store: HistoryStore) -> list[object]:
    return [await store.events("home", START, END), await store.samples("home", START, END)]


async def backed_up(
    settings: BackupSettings, file: Path, *, samples: bool = True, deployment: Path | None = None
) -> Path:
    await make_backup(BackupOptions(file=str(file), samples=samples, deployment=deployment), settings, None)
    return file
