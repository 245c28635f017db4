"""The embedded history as a whole: read as it was at one moment, filled in one transaction."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Self, TypeVar

from meterkast_store.archive import PAGE, Page, Put, RowsArchive
from meterkast_store.errors import StoreUnavailableError
from meterkast_store.rows import Series, Table
from meterkast_store.sqlite import SqliteRows
from meterkast_store.sqlite_blocks import make_all_blocks
from meterkast_store.sqlite_errors import explained
from meterkast_store.sqlite_schema import BLOCKS, add_columns, connect

CACHE_KIB = 64 * 1024
BUSY_S = 5.0
T = TypeVar("T")


class SqliteArchive(RowsArchive):
    """The history in an SQLite file (see Archive); `existing`: make none where there is none."""

    def __init__(self, rows: SqliteRows, *, existing: bool) -> None:
        super().__init__(rows)
        self._path = rows.path
        self._existing = existing

    async def __aenter__(self) -> Self:
        """Open the file."""
        if self._existing and not self._path.exists():
            raise StoreUnavailableError(
                "read", str(self._path), "there is no history",
                hint="give the folder of its files by --data-dir, or its database by [store] url",
            )  # fmt: skip
        return await super().__aenter__()

    async def pages(self, tables: Iterable[Table]) -> AsyncIterator[Page]:
        """Every row of these tables as they were at one moment."""
        connection = await self._in_thread("read", partial(connect, str(self._path), busy_s=BUSY_S))
        try:
            pages = _pages(connection, tables)
            while (page := await self._in_thread("read", partial(next, pages, None))) is not None:
                yield page
        finally:
            connection.close()

    @asynccontextmanager
    async def refill(self) -> AsyncIterator[Put]:
        """All of it or, after an error or a kill, what was there before; nobody else may have the file open."""
        await self._rows.close()
        connection = await self._in_thread("write to", self._alone)
        filling = Filling(connection)
        try:
            await self._in_thread("write to", filling.begin)
            yield lambda page: self._in_thread("write to", partial(filling.put, page))
            await self._in_thread("write to", filling.finish)
        finally:
            await asyncio.to_thread(connection.close)

    def _alone(self) -> sqlite3.Connection:
        """Return the only connection that the file has, and will have until it is closed."""
        connection = connect(str(self._path), busy_s=BUSY_S)
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        except sqlite3.OperationalError as error:
            connection.close()
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise StoreUnavailableError(
                "write to", str(self._path), "another program uses it",
                hint="stop Meterkast and try again; or use --merge, beside which it may run",
            ) from error  # fmt: skip
        return connection

    async def _in_thread(self, operation: str, work: Callable[[], T]) -> T:
        def explaining() -> T:
            with explained(operation, self._path):
                return work()

        return await asyncio.to_thread(explaining)


class Filling:
    """One transaction over a connection that has the file alone: everything goes, pages come."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ids: dict[Series, int] = {}

    def begin(self) -> None:
        """Empty the history."""
        self._connection.execute("BEGIN EXCLUSIVE")
        for table in ("series", BLOCKS, *Table):
            self._connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - names of ours

    def put(self, page: Page) -> int:
        """Write a page; return how many rows that were."""
        series = self._id(page.series)
        table, names = page.series.table, ", ".join(f'"{name}"' for name in page.fields)
        add_columns(self._connection, table, page.fields)
        sql = (
            f'INSERT OR REPLACE INTO "{table}" (series, at{", " * bool(names)}{names}) '  # noqa: S608 - checked names
            f"VALUES ({series}{', ?' * (len(page.fields) + 1)})"
        )
        return self._connection.executemany(sql, page.rows).rowcount

    def finish(self) -> None:
        """Make what is made of the rows, and keep it all."""
        make_all_blocks(self._connection)
        self._connection.execute("COMMIT")
        self._connection.execute("PRAGMA journal_mode = WAL")

    def _id(self, series: Series) -> int:
        if series not in self._ids:
            sql = "INSERT INTO series (kind_of_row, gateway, name, kind) VALUES (?, ?, ?, ?) RETURNING id"
            row = (series.table, series.gateway, series.name, series.kind)
            (self._ids[series],) = self._connection.execute(sql, row).fetchone()
        return self._ids[series]


def _pages(connection: sqlite3.Connection, tables: Iterable[Table]) -> Iterator[Page]:
    connection.execute("BEGIN")
    sql = "SELECT id, gateway, name, kind FROM series WHERE kind_of_row = ? ORDER BY id"
    for table in tables:
        for series, *names in connection.execute(sql, (table,)).fetchall():
            cursor = connection.execute(f'SELECT * FROM "{table}" WHERE series = ? ORDER BY at', (series,))  # noqa: S608
            columns = [column for column, *_ in cursor.description]
            while rows := cursor.fetchmany(PAGE):
                yield _page(Series(table, *names), columns, rows)


def _page(series: Series, columns: list[str], rows: list[tuple[int | float | str | None, ...]]) -> Page:
    """Return the rows without the columns that none of them has."""
    present = {
        name: values
        for name, values in zip(columns, zip(*rows, strict=True), strict=True)
        if name != "series" and values.count(None) < len(rows)
    }
    at = present.pop("at")
    return Page(series, tuple(present), list(zip(at, *present.values(), strict=True)))
