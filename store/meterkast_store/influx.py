"""The InfluxDB backend: 1.x, 2.x and 3.x, written by line protocol, read by InfluxQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from meterkast_store.columns import gauge_decimals
from meterkast_store.errors import StoreError
from meterkast_store.history import Vital
from meterkast_store.influx_databases import FIRST_WITHOUT_DELETE, Databases
from meterkast_store.influx_lines import (
    DEVICE_TAGS,
    REGISTRY,
    SERVICE_TAGS,
    line,
    quoted,
    registration,
    rows_of,
    table_series,
    vital_line,
    where,
)
from meterkast_store.influx_place import InfluxPlace
from meterkast_store.influx_server import Answer, InfluxServer
from meterkast_store.instants import QUARTER_MS
from meterkast_store.rows import Bin, Columns, Row, Series, Table, columns_of

EARLIEST_MS = -9_000_000_000_000
LATEST_MS = 9_000_000_000_000
QUESTIONS_PER_REQUEST = 400
ROWS_PER_QUESTION = 16
"""How many rows it takes as long to read as one more question takes to ask."""
REGISTERS = r"/^(lag|span|count|reset|loose|.*_(wh|varh|l|kj)(_gain)?)$/"
"""The fields that tell where registers stood, among which are no gauges."""


class InfluxRows:
    """Rows in an InfluxDB (see Rows)."""

    def __init__(self, place: InfluxPlace) -> None:
        self._server = InfluxServer(place)
        self._databases = Databases(self._server, place)
        self._registered: set[Series] = set()
        self._is_ready = False

    async def open(self) -> None:
        """Find the server and its databases, or make those."""
        await self._server.open()
        try:
            await self._prepare()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()

    async def _prepare(self) -> None:
        await self._databases.open()
        self._registered.clear()
        self._is_ready = True

    async def put(self, rows: Sequence[Row]) -> None:
        """Write rows; samples come last, so that where a sample is, its quarter is."""
        made = [line(row) for row in rows if row.series.table is not Table.SAMPLE]
        samples = [line(row) for row in rows if row.series.table is Table.SAMPLE]
        await self._clear([row for row in rows if None in row.fields.values()])
        async with self._using():
            new = list(dict.fromkeys(row.series for row in rows if row.series not in self._registered))
            await self._server.write(self._databases.first, [*map(registration, new), *made])
            await self._server.write(self._databases.samples, samples)
            self._registered |= set(new)

    async def put_vitals(self, devices: Sequence[Vital], services: Sequence[Vital]) -> None:
        """Write how gateways and services did."""
        lines = [vital_line("device", DEVICE_TAGS, vital) for vital in devices]
        lines += [vital_line("service", SERVICE_TAGS, vital) for vital in services]
        async with self._using():
            await self._server.write(self._databases.samples, list(filter(None, lines)))

    @asynccontextmanager
    async def _using(self) -> AsyncIterator[None]:
        """After what failed see again whether the databases are there: one may have been dropped."""
        if not self._is_ready:
            await self._prepare()
        try:
            yield
        except StoreError:
            self._is_ready = False
            raise

    async def _clear(self, rows: Sequence[Row]) -> None:
        """Delete points that lose fields; 3.x cannot, there the fields stay."""
        if rows and self._server.version < FIRST_WITHOUT_DELETE:
            await self._server.ask(
                self._databases.first,
                *(
                    f'DELETE FROM "{row.series.table}" WHERE {where(row.series)} '  # noqa: S608 - quoted
                    f"AND time >= {row.at}ms AND time <= {row.at}ms"
                    for row in rows
                ),
            )

    async def series(self, table: Table, gateway: str | None = None) -> list[Series]:
        """Every series of a table."""
        here = "" if gateway is None else f' AND "gateway" = {quoted(gateway)}'
        question = f'SELECT "known", "gateway", "meter", "kind" FROM "{REGISTRY}" WHERE "table" = {quoted(table)}{here}'  # noqa: S608
        async with self._using():
            (found,) = await self._server.ask(self._databases.first, question)
        return [series for part in found for series in table_series(table, part["columns"], part["values"])]

    async def between(
        self, series: Series, after: int, until: int, *, limit: int | None = None, newest: bool = False
    ) -> list[Row]:
        """Rows with `after` < at ≤ `until` by time, the oldest (or newest) `limit` of them."""
        return await self._between(series, after, until, limit=limit, newest=newest)

    async def _between(
        self, series: Series, after: int, until: int, *, limit: int | None = None, newest: bool = False, what: str = "*"
    ) -> list[Row]:
        order = " ORDER BY time DESC" if newest else ""
        most = "" if limit is None else f" LIMIT {limit}"
        (found,) = await self._ask(series.table, self._select(series, f"{_span(after, until)}{order}{most}", what))
        rows = _rows(series, found)
        return rows[::-1] if newest else rows

    async def newest(self, series: Sequence[Series]) -> list[Row | None]:
        """The newest row of each of these series, many of one table in one request."""
        rows: dict[Series, Row] = {}
        for table in Table:
            asked = [one for one in series if one.table is table]
            for begin in range(0, len(asked), QUESTIONS_PER_REQUEST):
                some = asked[begin : begin + QUESTIONS_PER_REQUEST]
                found = await self._ask(table, *(self._select(one, " ORDER BY time DESC LIMIT 1", "*") for one in some))
                rows |= {one: row for one, answer in zip(some, found, strict=True) for row in _rows(one, answer)}
        return [rows.get(one) for one in series]

    async def at(self, series: Series, times: Sequence[int]) -> list[Row]:
        """Rows at exactly these times."""
        return await self._at(series, times)

    async def _at(self, series: Series, times: Sequence[int], what: str = "*") -> list[Row]:
        if not times:
            return []
        if (times[-1] - times[0]) // QUARTER_MS < len(times) * ROWS_PER_QUESTION:
            wanted = set(times)
            return [r for r in await self._between(series, times[0] - 1, times[-1], what=what) if r.at in wanted]
        rows: list[Row] = []
        for begin in range(0, len(times), QUESTIONS_PER_REQUEST):
            asked = times[begin : begin + QUESTIONS_PER_REQUEST]
            found = await self._ask(series.table, *(self._select(series, f" AND time = {at}ms", what) for at in asked))
            rows += [row for one in found for row in _rows(series, one)]
        return rows

    async def _ask(self, table: Table, *questions: str) -> list[Answer]:
        async with self._using():
            return await self._server.ask(self._databases.of(table), *questions)

    def _select(self, series: Series, condition: str, what: str) -> str:
        return f"SELECT {what} FROM {self._databases.source(series.table)} WHERE {where(series)}{condition}"  # noqa: S608

    async def registers(self, series: Series, times: Sequence[int], *, every: bool = False) -> Columns:
        """Rows at these times, or every row from the first to the last, with all that they have."""
        if every and times:
            return columns_of(series, await self._between(series, times[0] - 1, times[-1], what=REGISTERS))
        return columns_of(series, await self._at(series, times, REGISTERS))

    async def resets(self, series: Series, after: int, until: int) -> list[int]:
        """Times of rows that begin a new epoch."""
        condition = f'{_span(after, until)} AND "reset" = 1'
        (found,) = await self._ask(series.table, self._select(series, condition, '"reset"'))
        return [int(values[0]) for part in found for values in part["values"]]

    async def bins(self, series: Series, after: int, until: int, *, width: int, fields: Sequence[str]) -> list[Bin]:
        """Rows with `after` ≤ at < `until` in bins of `width` ms."""
        if not fields:
            return []
        chosen = ", ".join(_spread(series.table, name) for name in fields)
        count = ', sum("count") AS "count"' if series.table is Table.QUARTER else ""
        question = (
            f"{self._select(series, f' AND time >= {after}ms AND time < {until}ms', f'{chosen}{count}')} "
            f"GROUP BY time({width}ms, {after % width}ms) FILL(none)"
        )
        (found,) = await self._ask(series.table, question)
        named = [dict(zip(part["columns"], values, strict=True)) for part in found for values in part["values"]]
        return [bin_ for values in named if (bin_ := _bin(values, fields)) is not None]

    async def prune(self, table: Table, before: int) -> int:
        """Have the server forget older rows, or delete them; it does not say how many."""
        del table
        await self._databases.prune(before)
        return 0


def _span(after: int, until: int) -> str:
    begin = f" AND time > {after}ms" if after > EARLIEST_MS else ""
    end = f" AND time <= {until}ms" if until < LATEST_MS else f" AND time <= {LATEST_MS}ms"
    return begin + end


def _rows(series: Series, found: Answer) -> list[Row]:
    """Return the rows of an answer; a sample that lies in both databases is one."""
    rows = [row for part in found for row in rows_of(series, part["columns"], part["values"])]
    return list({row.at: row for row in rows}.values())


def _spread(table: Table, name: str) -> str:
    parts = {"low": f'min("{name}")', "mean": f'mean("{name}")', "high": f'max("{name}")', "n": f'count("{name}")'}
    if table is Table.QUARTER:
        parts = {
            "low": f'min("{name}_min")', "sum": f'sum("{name}_sum")', "high": f'max("{name}_max")',
            "n": f'sum("{name}_n")',
        }  # fmt: skip
    return ", ".join(f'{function} AS "{name}.{part}"' for part, function in parts.items())


def _bin(values: dict[str, Any], fields: Sequence[str]) -> Bin | None:
    spreads: dict[str, tuple[float, float, float]] = {}
    count = 0
    for name in fields:
        low, high, n = (values.get(f"{name}.{part}") for part in ("low", "high", "n"))
        if low is None or high is None or not n:
            continue
        mean = values[f"{name}.sum"] / n if f"{name}.sum" in values else values[f"{name}.mean"]
        scale = 10 ** (gauge_decimals(name) or 0)
        spreads[name] = (low * scale, mean * scale, high * scale)
        count = max(count, n)
    return Bin(int(values["time"]), int(values.get("count") or count), spreads) if spreads else None
