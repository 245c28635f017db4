"""The embedded backend: one SQLite file, one writing thread, two reading ones."""

import asyncio
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from meterkast_store.columns import tells_gauge
from meterkast_store.history import Vital
from meterkast_store.rows import Bin, Columns, Field, Row, Series, Table
from meterkast_store.sqlite_blocks import make_all_blocks, renew_blocks
from meterkast_store.sqlite_curves import bins
from meterkast_store.sqlite_errors import explained
from meterkast_store.sqlite_schema import add_columns, columns, connect, migrate

READERS = 2
PRUNE_STEP = 5000
T = TypeVar("T")
Groups = dict[tuple[Table, tuple[str, ...]], list[tuple[int, int, *tuple[Field, ...]]]]
_AMONG = "at IN (SELECT value FROM json_each(?))"
_BETWEEN = "at >= ? AND at <= ?"


class SqliteRows:
    """Rows in an SQLite file (see Rows)."""

    def __init__(self, path: Path, *, busy_s: float = 5.0) -> None:
        self.path = path
        self._busy_s = busy_s
        self._writer = ThreadPoolExecutor(1, "history-write")
        self._readers = ThreadPoolExecutor(READERS, "history-read")
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._ids: dict[Series, int] = {}

    async def open(self) -> None:
        """Create the file and its tables where they are missing."""
        await self._run(self._writer, "open", lambda connection: migrate(connection, make_all_blocks))

    async def close(self) -> None:
        """Finish what is under way and close the file."""
        await asyncio.to_thread(self._shut)

    async def put(self, rows: Sequence[Row]) -> None:
        """Write rows in one transaction, on disk when this returns."""
        if rows:
            await self._run(self._writer, "write to", lambda connection: self._put(connection, rows))

    async def series(self, table: Table, gateway: str | None = None) -> list[Series]:
        """Every series of a table."""
        sql = (
            "SELECT gateway, name, kind FROM series WHERE kind_of_row = ? AND gateway = ifnull(?, gateway) ORDER BY id"
        )
        found = await self._read(lambda connection: connection.execute(sql, (table, gateway)).fetchall())
        return [Series(table, *row) for row in found]

    async def between(
        self, series: Series, after: int, until: int, *, limit: int | None = None, newest: bool = False
    ) -> list[Row]:
        """Rows with `after` < at ≤ `until` by time, the oldest (or newest) `limit` of them."""
        where = f"at > ? AND at <= ? ORDER BY at {'DESC' if newest else ''} LIMIT ?"
        rows = await self._read(
            lambda c: self._select(c, series, where, (after, until, -1 if limit is None else limit))
        )
        return rows[::-1] if newest else rows

    async def at(self, series: Series, times: Sequence[int]) -> list[Row]:
        """Rows at exactly these times."""
        where = f"{_AMONG} ORDER BY at"
        return await self._read(lambda connection: self._select(connection, series, where, (_json(times),)))

    async def put_vitals(self, devices: Sequence[Vital], services: Sequence[Vital]) -> None:
        """Leave them out: nothing draws them from here."""

    async def registers(self, series: Series, times: Sequence[int], *, every: bool = False) -> Columns:
        """Rows at these times, or every row from the first to the last, but for their gauges."""
        if not times:
            return Columns(series, (), {})
        return await self._read(lambda connection: self._registers(connection, series, times, every=every))

    async def resets(self, series: Series, after: int, until: int) -> list[int]:
        """Times of rows that begin a new epoch."""
        sql = (
            f'SELECT at FROM "{series.table}" INDEXED BY "{series.table}_reset" '  # noqa: S608 - names of ours
            "WHERE series = ? AND at > ? AND at <= ? AND reset = 1 ORDER BY at"
        )
        found = await self._read(
            lambda c: [] if (i := self._id(c, series)) is None else c.execute(sql, (i, after, until)).fetchall()
        )
        return [at for (at,) in found]

    async def bins(self, series: Series, after: int, until: int, *, width: int, fields: Sequence[str]) -> list[Bin]:
        """Rows with `after` ≤ at < `until` in bins of `width` ms."""
        stretch = (after, until, width)
        return await self._read(
            lambda c: [] if (i := self._id(c, series)) is None else bins(c, series.table, i, stretch, fields)
        )

    async def prune(self, table: Table, before: int) -> int:
        """Delete rows older than `before`, some thousands at a time."""
        gone = 0
        for series in await self.series(table):
            while step := await self._run(self._writer, "prune", partial(self._prune, series=series, before=before)):
                gone += step
        return gone

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._run(self._readers, "read", work)

    async def _run(self, pool: ThreadPoolExecutor, operation: str, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, self._work, operation, work)

    def _work(self, operation: str, work: Callable[[sqlite3.Connection], T]) -> T:
        with explained(operation, self.path):
            return work(self._connection())

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = connect(str(self.path), busy_s=self._busy_s)
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    def _shut(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        while self._connections:
            self._connections.pop().close()

    def _id(self, connection: sqlite3.Connection, series: Series) -> int | None:
        if series not in self._ids:
            sql = "SELECT id FROM series WHERE (kind_of_row, gateway, name, kind) = (?, ?, ?, ?)"
            found = connection.execute(sql, (series.table, series.gateway, series.name, series.kind)).fetchone()
            if found is None:
                return None
            self._ids[series] = found[0]
        return self._ids[series]

    def _put(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._insert(connection, rows)
            connection.execute("COMMIT")
        except BaseException:
            self._ids.clear()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _insert(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        groups: Groups = defaultdict(list)
        for row in rows:
            key = (row.series.table, tuple(row.fields))
            groups[key].append((self._new_id(connection, row.series), row.at, *row.fields.values()))
        for (table, names), values in groups.items():
            sql = _insert_sql(table, names)
            try:
                connection.executemany(sql, values)
            except sqlite3.OperationalError as error:
                if "no column" not in str(error):
                    raise
                add_columns(connection, table, names)
                connection.executemany(sql, values)
        for series, times in _quarters(groups).items():
            renew_blocks(connection, series, times)

    def _new_id(self, connection: sqlite3.Connection, series: Series) -> int:
        if self._id(connection, series) is None:
            sql = "INSERT INTO series (kind_of_row, gateway, name, kind) VALUES (?, ?, ?, ?)"
            connection.execute(sql, (series.table, series.gateway, series.name, series.kind))
        found = self._id(connection, series)
        return found if found is not None else 0

    def _select(
        self, connection: sqlite3.Connection, series: Series, where: str, bound: tuple[Field, ...]
    ) -> list[Row]:
        if (series_id := self._id(connection, series)) is None:
            return []
        sql = f'SELECT * FROM "{series.table}" WHERE series = ? AND {where}'  # noqa: S608 - only names of ours
        cursor = connection.execute(sql, (series_id, *bound))
        found = cursor.fetchall()
        names = [column[0] for column in cursor.description]
        return [_row(series, dict(zip(names, values, strict=True))) for values in found]

    def _registers(
        self, connection: sqlite3.Connection, series: Series, times: Sequence[int], *, every: bool
    ) -> Columns:
        names = sorted(name for name in columns(connection, series.table) - {"series", "at"} if not tells_gauge(name))
        if (series_id := self._id(connection, series)) is None:
            return Columns(series, (), {})
        where, bound = _BETWEEN if every else _AMONG, (times[0], times[-1]) if every else (_json(times),)
        sql = (
            f'SELECT at{"".join(f", {_quoted(name)}" for name in names)} FROM "{series.table}" '  # noqa: S608
            f"WHERE series = ? AND {where} ORDER BY at"
        )
        rows = connection.execute(sql, (series_id, *bound)).fetchall()
        times, *found = zip(*rows, strict=True) if rows else ((), *((),) * len(names))
        present = {name: values for name, values in zip(names, found, strict=True) if values.count(None) < len(rows)}
        return Columns(series, times, present)

    def _prune(self, connection: sqlite3.Connection, *, series: Series, before: int) -> int:
        table, series_id = series.table, self._id(connection, series)
        sql = (
            f'DELETE FROM "{table}" WHERE series = ? AND at < ? AND at <= ifnull((SELECT at FROM "{table}" '  # noqa: S608
            "WHERE series = ? ORDER BY at LIMIT 1 OFFSET ?), ?)"
        )
        return connection.execute(sql, (series_id, before, series_id, PRUNE_STEP, before)).rowcount


def _quarters(groups: Groups) -> dict[int, set[int]]:
    """Return at which times quarters are written, by series."""
    found: dict[int, set[int]] = defaultdict(set)
    for (table, _), values in groups.items():
        if table is Table.QUARTER:
            for series, at, *_ in values:
                found[series].add(at)
    return found


def _json(times: Sequence[int]) -> str:
    return f"[{','.join(map(str, times))}]"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _insert_sql(table: Table, names: Iterable[str]) -> str:
    listed = ["series", "at", *(f'"{name}"' for name in names)]
    return f'INSERT OR REPLACE INTO "{table}" ({", ".join(listed)}) VALUES ({", ".join("?" * len(listed))})'  # noqa: S608


def _row(series: Series, values: dict[str, Field | None]) -> Row:
    at = values.pop("at")
    del values["series"]
    return Row(series, int(at or 0), {name: value for name, value in values.items() if value is not None})
