"""Whole histories, page by page: out of one backend, into the same or another."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, Self

from meterkast_store import quarter
from meterkast_store.instants import to_ms
from meterkast_store.opening import open_rows
from meterkast_store.recorder import FAR_AHEAD, LONG_AGO
from meterkast_store.rows import Field, Row, Rows, Series, Table
from meterkast_store.settings import StoreSettings
from meterkast_store.sqlite import SqliteRows

PAGE = 5000
FOR_EVER = (Table.QUARTER, Table.MBUS, Table.EVENT)
FOR_A_TIME = tuple(table for table in Table if table not in FOR_EVER)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one series in order of time: each its time, then a value or None for each of `fields`."""

    series: Series
    fields: Sequence[str]
    rows: Sequence[Sequence[Field]]

    def apart(self) -> list[Row]:
        """Return them as rows."""
        return [
            Row(self.series, int(at or 0), {n: v for n, v in zip(self.fields, values, strict=True) if v is not None})
            for at, *values in self.rows
        ]


Put = Callable[[Page], Awaitable[int]]
"""Writes a page's rows, returns how many: a database that keeps some for a time only leaves out older ones."""


class Archive(Protocol):
    """A history that is copied as a whole; every method raises StoreError when the database cannot serve it."""

    async def __aenter__(self) -> Self:
        """Open the database."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        ...

    def pages(self, tables: Iterable[Table]) -> AsyncIterator[Page]:
        """Every row of these tables, in this order, while others write."""
        ...

    async def empty(self) -> bool:
        """Whether there is no row at all."""
        ...

    def refill(self) -> AbstractAsyncContextManager[Put]:
        """What was there goes; what is put in the block, each row once, is there when it ends."""
        ...

    async def add(self, page: Page) -> int:
        """Write the rows whose time is not known yet, while others write newer ones; return how many."""
        ...

    async def settle(self) -> None:
        """After the last `add`: mark anew where epochs begin."""
        ...


def open_archive(settings: StoreSettings, data_dir: Path, *, existing: bool = False) -> Archive:
    """Return the history that the settings name; `existing`: make none where there is none."""
    rows = open_rows(settings, settings.place(data_dir))
    if isinstance(rows, SqliteRows):
        from meterkast_store.sqlite_archive import SqliteArchive  # noqa: PLC0415 - it is made of what stands here

        return SqliteArchive(rows, existing=existing)
    from meterkast_store.influx import InfluxRows  # noqa: PLC0415 - a house with SQLite need not load it
    from meterkast_store.influx_archive import InfluxArchive  # noqa: PLC0415 - the same

    assert isinstance(rows, InfluxRows)  # noqa: S101 - there are two backends
    return InfluxArchive(rows, since=to_ms(datetime.now(UTC) - timedelta(days=settings.retention_days)))


class RowsArchive:
    """What is the same over any backend."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._touched: set[Series] = set()

    async def __aenter__(self) -> Self:
        """Open the database."""
        await self._rows.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        await self._rows.close()

    async def pages(self, tables: Iterable[Table]) -> AsyncIterator[Page]:
        """Every row of these tables; each row is whole, the last ones are as new as the moment they are read."""
        for table in tables:
            for series in await self._rows.series(table):
                async for rows in self._of(series):
                    yield _page(series, rows)

    async def empty(self) -> bool:
        """Whether there is no row at all."""
        for table in Table:
            for series in await self._rows.series(table):
                if await self._rows.between(series, LONG_AGO, FAR_AHEAD, limit=1):
                    return False
        return True

    async def add(self, page: Page) -> int:
        """Write the rows whose time is not known yet."""
        times = [int(row[0] or 0) for row in page.rows]
        known = {row.at for row in await self._rows.at(page.series, times)}
        fresh = [row for row in page.apart() if row.at not in known]
        await self._rows.put(fresh)
        if fresh and page.series.table in (Table.QUARTER, Table.MBUS):
            self._touched.add(page.series)
        return len(fresh)

    async def settle(self) -> None:
        """Mark anew where epochs begin in the series to which rows were added."""
        for series in self._touched:
            before: Row | None = None
            async for rows in self._of(series):
                changed = []
                for row in quarter.live(rows):
                    reset = before is not None and _backwards(before, row)
                    marked = quarter.flagged(row, reset=reset)
                    changed += [] if marked is row else [marked]
                    before = row
                await self._rows.put(changed)
        self._touched.clear()

    async def _of(self, series: Series) -> AsyncIterator[list[Row]]:
        after = LONG_AGO
        while rows := await self._rows.between(series, after, FAR_AHEAD, limit=PAGE):
            yield rows
            after = rows[-1].at


def _page(series: Series, rows: Sequence[Row]) -> Page:
    fields = sorted({name for row in rows for name, value in row.fields.items() if value is not None})
    return Page(series, fields, [(row.at, *(row.fields.get(name) for name in fields)) for row in rows])


def _backwards(before: Row, row: Row) -> bool:
    return quarter.runs_backwards(quarter.registers_of(before), quarter.first_registers_of(row))
