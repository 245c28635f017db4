"""What an import asks of history."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from meterkast_store.history import Batch, MeterInfo, Standing

IMPORTED = "imported"


class Archive(Protocol):
    """History as an import sees it; each method raises StoreError with a hint."""

    async def meters(self, gateway: str) -> list[MeterInfo]:
        """Every meter of a gateway."""
        ...

    async def standings(self, gateway: str, kind: str, meter: str, start: datetime, end: datetime) -> list[Standing]:
        """Where a meter's registers stood, with the neighbour on either side."""
        ...

    async def insert(self, batch: Batch) -> None:
        """Write readings older than the newest of their meter."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """The meter that the readings become part of."""

    gateway: str
    kind: str
    meter: str
