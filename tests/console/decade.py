"""Ten years of a house: a reading each midnight, and one each quarter of an hour of the last weeks."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import Event, EventKind, Reading
from meterkast_store import Batch, StoreSettings, open_store

from tests.api.compat.meters import at_each, metered

HERE = ZoneInfo("Europe/Amsterdam")
FIRST = datetime(2016, 3, 10, tzinfo=HERE)
DENSE = datetime(2026, 1, 31, tzinfo=HERE)
NEWEST = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)
TIMES = [
    *((FIRST + DAY * number).astimezone(UTC) for number in range((DENSE - FIRST) // DAY)),
    *(DENSE.astimezone(UTC) + QUARTER * number for number in range((NEWEST - DENSE) // QUARTER + 1)),
]
EVENT = Event(gateway="home", kind=EventKind.MESSAGE, at=NEWEST - DAY, text='He said "now", twice.', detail={"x": 1.5})


def registers(index: int) -> dict[str, int]:
    """What the dials show."""
    return {
        "energy_import_t1_wh": 1000 + 7 * index,
        "energy_import_t2_wh": 2000 + 11 * index,
        "energy_export_t1_wh": 3 * index,
        "energy_export_t2_wh": 5 + index,
    }


def litres(index: int) -> int:
    """What the gas meter shows."""
    return 900_000 + 13 * index


def reading(index: int = len(TIMES) - 1) -> Reading:
    """A reading as it comes over MQTT."""
    shown = metered(f"{litres(index) / 1000:.3f}", TIMES[index])
    return Reading(
        gateway="home",
        identification=shown.identification,
        meter_id=shown.meter_id,
        measured_at=shown.measured_at,
        received_at=TIMES[index] + timedelta(milliseconds=250),
        values=shown.values,
        mbus=shown.mbus,
    )


def fill(folder: Path) -> None:
    """Write the history into a folder."""

    async def filled() -> None:
        async with open_store(StoreSettings(), folder) as store:
            await store.write(at_each(TIMES, registers, litres))
            await store.write(Batch(events=[EVENT]))
            await store.prune(NEWEST)

    asyncio.run(filled())
