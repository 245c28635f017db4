"""Samples of imagined houses."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from meterkast_store import MbusSample, Sample

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def sample(at: datetime, wh: int, *, meter: str = "E0043", gateway: str = "home", **gauges: float) -> Sample:
    return Sample(gateway, meter, at, registers={"energy_import_t1_wh": wh}, gauges=gauges)


def two_tariffs(at: datetime, registers: Mapping[str, int], *, meter: str = "E0043") -> Sample:
    return Sample("home", meter, at, registers=registers)


def gas(at: datetime, litres: int, *, meter: str = "G0001") -> MbusSample:
    return MbusSample("home", "gas", meter, at, "gas_l", litres)


def steady(start: datetime, end: datetime, *, every_s: int = 60, wh_per_step: int = 7) -> Iterator[Sample]:
    """Readings at even steps from start up to and including end."""
    for step in range(int((end - start).total_seconds()) // every_s + 1):
        yield sample(start + timedelta(seconds=step * every_s), 1_000_000 + step * wh_per_step)
