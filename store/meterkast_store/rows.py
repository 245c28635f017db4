"""The narrow waist between the logic of history and its backends: rows of a series, put and got."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol, Self

from meterkast_store.history import Vital

Field = int | float | str | None


class Table(StrEnum):
    """The kinds of rows."""

    SAMPLE = "sample"
    QUARTER = "quarter"
    MBUS = "mbus"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Series:
    """Whose rows they are: `name` is a meter, or the kind of an event; `kind` is that of an M-Bus meter."""

    table: Table
    gateway: str
    name: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its series and time identify it, putting it again replaces it. Gauges are scaled (see `columns`).

    None says that a row which stood here had the field, and that it is gone.
    """

    series: Series
    at: int
    fields: Mapping[str, Field] = field(default_factory=dict)

    def lean(self) -> Self:
        """Return the row without the fields that are gone."""
        if None not in self.fields.values():
            return self
        return replace(self, fields={name: value for name, value in self.fields.items() if value is not None})

    def number(self, name: str, default: int = 0) -> int:
        """Return an integer field."""
        value = self.fields.get(name, default)
        return value if isinstance(value, int) else default


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of a series as columns: their times, and for each integer field that any has its values, None where not."""

    series: Series
    times: Sequence[int]
    fields: Mapping[str, Sequence[int | None]]

    def row(self, place: int) -> Row:
        """Return one of them as a row."""
        values = {name: value for name, column in self.fields.items() if (value := column[place]) is not None}
        return Row(self.series, self.times[place], values)

    def column(self, name: str) -> Sequence[int]:
        """Return a field of each row, 0 where a row lacks it."""
        return [value or 0 for value in self.fields.get(name, (0,) * len(self.times))]


@dataclass(frozen=True, slots=True)
class Bin:
    """What a backend computed over one bin: its start, rows in it, and (lowest, mean, highest) by field, scaled."""

    at: int
    count: int
    values: Mapping[str, tuple[float, float, float]]


def columns_of(series: Series, rows: Sequence[Row]) -> Columns:
    """Return rows as columns."""
    names = sorted({name for row in rows for name, value in row.fields.items() if isinstance(value, int)})
    fields = {name: [_integer(row.fields.get(name)) for row in rows] for name in names}
    return Columns(series, [row.at for row in rows], fields)


def _integer(value: Field) -> int | None:
    return value if isinstance(value, int) else None


class Shelf(Protocol):
    """Where rows are put and got. Every method raises StoreError when the database cannot serve it."""

    async def put(self, rows: Sequence[Row]) -> None:
        """Write rows durably; they replace those of the same series and time."""
        ...

    async def between(
        self, series: Series, after: int, until: int, *, limit: int | None = None, newest: bool = False
    ) -> list[Row]:
        """Rows with `after` < at ≤ `until` by time, the oldest (or newest) `limit` of them."""
        ...

    async def at(self, series: Series, times: Sequence[int]) -> list[Row]:
        """Rows at exactly these times (ascending), by time."""
        ...


class Rows(Shelf, Protocol):
    """A backend."""

    async def open(self) -> None:
        """Connect, create or migrate what is needed."""
        ...

    async def close(self) -> None:
        """Let go of the database."""
        ...

    async def put_vitals(self, devices: Sequence[Vital], services: Sequence[Vital]) -> None:
        """Write how gateways and services did, where the backend keeps that."""
        ...

    async def registers(self, series: Series, times: Sequence[int], *, every: bool = False) -> Columns:
        """Rows at exactly these times (ascending), or `every` row from the first to the last, but for their gauges."""
        ...

    async def series(self, table: Table, gateway: str | None = None) -> list[Series]:
        """Every series of a table."""
        ...

    async def resets(self, series: Series, after: int, until: int) -> list[int]:
        """Times of the rows in that stretch that begin a new epoch (field `reset`)."""
        ...

    async def bins(self, series: Series, after: int, until: int, *, width: int, fields: Sequence[str]) -> list[Bin]:
        """Gauges of samples, or aggregates of quarters, `after` ≤ at < `until`, in bins of `width` ms from `after`."""
        ...

    async def prune(self, table: Table, before: int) -> int:
        """Delete rows older than `before` in small steps; return how many, as far as known."""
        ...
