"""History as other parts see it: what goes in, what comes out, and the one interface of every backend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import Clock, Event

POWER_FIELDS = ("power_import_w", "power_export_w")
MAX_POINTS = 2000
ELECTRICITY = "electricity"
"""The kind of the meter whose telegram it is; other kinds are those of M-Bus."""


class Period(StrEnum):
    """What a usage row spans, in the home's time zone; weeks are ISO weeks."""

    QUARTER = "quarter"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Sample:
    """One electricity reading: registers as integers by database field (Wh, varh), gauges by catalogue name."""

    gateway: str
    meter: str
    measured_at: datetime
    received_at: datetime | None = None
    clock: Clock = Clock.METER
    registers: Mapping[str, int] = field(default_factory=dict)
    gauges: Mapping[str, int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MbusSample:
    """One M-Bus register at its own time; `register` is `<kind>_<unit>`, e.g. `gas_l`, `heat_kj`, `cold_wh`.

    `lasting`: it stands until the meter's next reading is due; false for one of a coarser record, after which it moved.
    """

    gateway: str
    kind: str
    meter: str
    measured_at: datetime
    register: str
    value: int
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class Vital:
    """How a gateway or a service did at a time, in figures by name; kept by InfluxDB alone, as long as samples are.

    `of` is a gateway, or a service with its `instance`. Whether a figure is an integer follows from its name.
    """

    of: str
    at: datetime
    figures: Mapping[str, int | float]
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written together: all of it or, after an error, to be written again as a whole."""

    samples: Sequence[Sample] = ()
    mbus: Sequence[MbusSample] = ()
    events: Sequence[Event] = ()
    devices: Sequence[Vital] = ()
    services: Sequence[Vital] = ()


@dataclass(frozen=True, slots=True)
class Epoch:
    """A time over which a meter's registers only grew."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class MeterInfo:
    """A meter in history; `kind` is `electricity` or an M-Bus kind, `first` and `last` its first and last reading."""

    gateway: str
    meter: str
    kind: str
    first: datetime
    last: datetime
    epochs: tuple[Epoch, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where registers stood at the first and at the last reading of a quarter, by database field.

    `begins`: they ran backwards before it, another epoch begins. `lasting`: see MbusSample.
    """

    first_at: datetime
    at: datetime
    first: Mapping[str, int]
    registers: Mapping[str, int]
    begins: bool = False
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class Spread:
    """Lowest, mean and highest value of a bin."""

    minimum: float
    mean: float
    maximum: float


@dataclass(frozen=True, slots=True)
class PowerBin:
    """One bin of a curve: its start, how many readings it holds, and each field's spread."""

    start: datetime
    count: int
    values: Mapping[str, Spread]


@dataclass(frozen=True, slots=True)
class PowerCurve:
    """Bins of `step_s` seconds between `start` and `end`; a bin without readings is absent."""

    gateway: str
    start: datetime
    end: datetime
    step_s: float
    bins: tuple[PowerBin, ...]


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What was used between two boundaries, by database field (`energy_import_wh`, `gas_l`, …), exact integers.

    `hole`: a part of the row lies in a hole that reaches over its border, `values` holds what is known (nothing, inside
    a hole). `complete` is false while the row's time is still running.
    """

    start: datetime
    end: datetime
    values: Mapping[str, int]
    hole: bool = False
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Hole:
    """A time without readings that no single row contains, and what was used across it."""

    start: datetime
    end: datetime
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Usage:
    """Rows and the holes between them; rows plus holes are exactly what the dials moved."""

    gateway: str
    per: Period
    timezone: str
    rows: tuple[UsageRow, ...]
    holes: tuple[Hole, ...]

    def total(self) -> dict[str, int]:
        """Sum of every row and hole by database field."""
        total: dict[str, int] = {}
        for values in [row.values for row in self.rows] + [hole.values for hole in self.holes]:
            for name, value in values.items():
                total[name] = total.get(name, 0) + value
        return total


class HistoryStore(Protocol):
    """Every reading, kept; any method raises StoreError with a hint when the database cannot serve it."""

    async def __aenter__(self) -> Self:
        """Open the database, create or migrate what it needs."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close the database."""
        ...

    async def write(self, batch: Batch) -> None:
        """Write a batch durably before returning; writing it again changes nothing."""
        ...

    async def insert(self, batch: Batch) -> None:
        """Write readings older than the newest of their meter, while another process may write newer ones."""
        ...

    async def standings(self, gateway: str, kind: str, meter: str, start: datetime, end: datetime) -> list[Standing]:
        """Where a meter's registers stood from `start` to `end`, with the neighbour on either side, by time."""
        ...

    async def meters(self, gateway: str | None = None) -> list[MeterInfo]:
        """Every meter of a gateway, or of all, by gateway and first reading."""
        ...

    async def power(
        self, gateway: str, start: datetime, end: datetime, points: int, fields: Sequence[str] = POWER_FIELDS
    ) -> PowerCurve:
        """Lowest, mean and highest of each gauge in at most `points` (≤ 2,000) bins; other names are left out."""
        ...

    async def usage(self, gateway: str, start: datetime, end: datetime, per: Period, timezone: ZoneInfo) -> Usage:
        """Usage of every period that has a part in `start`..`end`, as far as history reaches."""
        ...

    async def events(self, gateway: str, start: datetime, end: datetime, limit: int = 1000) -> list[Event]:
        """Events from `start` to `end`, newest first."""
        ...

    async def samples(self, gateway: str, start: datetime, end: datetime, limit: int = 10_000) -> list[Sample]:
        """The first `limit` samples from `start` up to and including `end`, oldest first."""
        ...

    async def latest(self, gateway: str) -> Sample | None:
        """The newest sample that retention has left."""
        ...

    async def prune(self, now: datetime) -> int:
        """Delete samples older than the retention, in small steps; return how many are gone."""
        ...
