"""Meters as the old paths show them: readings of our own telegrams, and histories written by hand."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import MbusKind, MbusReading, Reading
from meterkast_parser.decode import decode
from meterkast_reader.simulator import simulate
from meterkast_store import (
    Batch,
    HistoryStore,
    MbusSample,
    Sample,
    StoreSettings,
    mbus_samples_of,
    open_store,
    sample_of,
)

from tests.api.houses import TOPICS, House
from tests.parser.telegrams import BELGIAN, DSMR_5, OLD

ZONE = ZoneInfo("Europe/Amsterdam")
RECEIVED = datetime(2026, 11, 23, 11, 35, tzinfo=UTC)
NEWEST = datetime(2026, 3, 10, 13, 20, tzinfo=ZONE)


def reading_of(raw: bytes, received_at: datetime = RECEIVED) -> Reading:
    """The reading of a telegram."""
    made = decode(raw, gateway="home", received_at=received_at, zone=ZONE, check_crc=False)
    return Reading.from_json(made.to_json())


FULL = reading_of(DSMR_5)
FLEMISH = reading_of(BELGIAN)
MINIMAL = reading_of(OLD)


async def show(here: House, reading: Reading) -> None:
    """Publish a reading as the parser does, and wait until it is shown."""
    await here.publish(TOPICS.reading(reading.gateway), reading.to_json(), retain=True)

    async def shown() -> bool:
        return (await here.get(f"/api/v1/meters/{reading.gateway}/actual")).content == reading.to_json()

    await here.until(shown)


@asynccontextmanager
async def history(folder: Path, *batches: Batch) -> AsyncIterator[HistoryStore]:
    """A real history that holds these."""
    async with open_store(StoreSettings(), folder) as store:
        for batch in batches:
            await store.write(batch)
    yield open_store(StoreSettings(), folder)


def metered(gas_m3: str, at: datetime = NEWEST) -> Reading:
    """A reading that shows so much gas."""
    gas = MbusReading(channel=1, kind=MbusKind.GAS, meter_id="G1", value=Decimal(gas_m3), unit="m3", measured_at=at)
    values = {"power_import_w": 424, "gas_m3": Decimal(gas_m3)}
    return Reading(gateway="home", identification="MKT5", meter_id="E1", measured_at=at, values=values, mbus=(gas,))


def at_each(
    times: list[datetime], registers: Callable[[int], dict[str, int]], litres: Callable[[int], int] | None = None
) -> Batch:
    """What the dials showed at each of these times, counted from 0."""
    samples = [
        Sample("home", "E1", at.astimezone(UTC), registers=registers(index), gauges={"power_import_w": 424})
        for index, at in enumerate(times)
    ]
    gas = [
        MbusSample("home", "gas", "G1", at.astimezone(UTC), "gas_l", litres(index))
        for index, at in enumerate(times)
        if litres is not None
    ]
    return Batch(samples, gas)


def simulated(start: datetime, hours: int) -> tuple[Batch, Reading]:
    """A simulated house's history, a telegram every quarter of an hour, and its newest reading."""
    made = [reading_of(raw, at) for at, raw in simulate("nl-dsmr5", 3, start, timedelta(minutes=15), hours * 4 + 1)]
    return Batch([sample_of(one) for one in made], [gas for one in made for gas in mbus_samples_of(one)]), made[-1]
