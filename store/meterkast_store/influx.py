"""The InfluxDB backend: 1.x, 2.x and 3.x, written by line protocol, read by InfluxQL."""

from collections.abc import Sequence
from typing import Any

from meterkast_store.columns import gauge_decimals
from meterkast_store.influx_lines import (
    REGISTRY,
    line,
    quoted,
    registration,
    rows_of,
    table_series,
    where,
)
from meterkast_store.influx_place import InfluxPlace
from meterkast_store.influx_server import InfluxServer
from meterkast_store.rows import Bin, Columns, Row, Series, Table, columns_of

EARLIEST_MS = -9_000_000_000_000
LATEST_MS = 9_000_000_000_000
QUESTIONS_PER_REQUEST = 400
FIRST_WITHOUT_DELETE = (3,)


class InfluxRows:
    """Rows in an InfluxDB (see Rows)."""

    def __init__(self, place: InfluxPlace) -> None:
        self._server = InfluxServer(place)
        self._registered: set[Series] = set()

    async def open(self) -> None:
        """Find the server and the database."""
        await self._server.open()

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()

    async def put(self, rows: Sequence[Row]) -> None:
        """Write rows; samples come last, so that where a sample is, its quarter is."""
        new = list(dict.fromkeys(row.series for row in rows if row.series not in self._registered))
        made = [line(row) for row in rows if row.series.table is not Table.SAMPLE]
        samples = [line(row) for row in rows if row.series.table is Table.SAMPLE]
        await self._clear([row for row in rows if None in row.fields.values()])
        for lines in ([registration(series) for series in new] + made, samples):
            await self._server.write(lines)
        self._registered |= set(new)

    async def _clear(self, rows: Sequence[Row]) -> None:
        """Delete points that lose fields; 3.x cannot, there the fields stay."""
        if rows and self._server.version < FIRST_WITHOUT_DELETE:
            await self._server.ask(
                *(
                    f'DELETE FROM "{row.series.table}" WHERE {where(row.series)} '  # noqa: S608 - quoted
                    f"AND time >= {row.at}ms AND time <= {row.at}ms"
                    for row in rows
                )
            )

    async def series(self, table: Table, gateway: str | None = None) -> list[Series]:
        """Every series of a table."""
        here = "" if gateway is None else f' AND "gateway" = {quoted(gateway)}'
        question = f'SELECT "known", "gateway", "meter", "kind" FROM "{REGISTRY}" WHERE "table" = {quoted(table)}{here}'  # noqa: S608
        (found,) = await self._server.ask(question)
        return [series for part in found for series in table_series(table, part["columns"], part["values"])]

    async def between(
        self, series: Series, after: int, until: int, *, limit: int | None = None, newest: bool = False
    ) -> list[Row]:
        """Rows with `after` < at ≤ `until` by time, the oldest (or newest) `limit` of them."""
        order = " ORDER BY time DESC" if newest else ""
        most = "" if limit is None else f" LIMIT {limit}"
        (found,) = await self._server.ask(_select(series, f"{_span(after, until)}{order}{most}"))
        rows = _rows(series, found)
        return rows[::-1] if newest else rows

    async def at(self, series: Series, times: Sequence[int]) -> list[Row]:
        """Rows at exactly these times."""
        if len(times) > QUESTIONS_PER_REQUEST:
            wanted = set(times)
            return [row for row in await self.between(series, times[0] - 1, times[-1]) if row.at in wanted]
        if not times:
            return []
        found = await self._server.ask(*(_select(series, f" AND time = {at}ms") for at in times))
        return [row for one in found for row in _rows(series, one)]

    async def registers(self, series: Series, times: Sequence[int], *, every: bool = False) -> Columns:
        """Rows at these times, or every row from the first to the last, with all that they have."""
        if every and times:
            return columns_of(series, await self.between(series, times[0] - 1, times[-1]))
        return columns_of(series, await self.at(series, times))

    async def resets(self, series: Series, after: int, until: int) -> list[int]:
        """Times of rows that begin a new epoch."""
        condition = f'{where(series)}{_span(after, until)} AND "reset" = 1'
        (found,) = await self._server.ask(f'SELECT "reset" FROM "{series.table}" WHERE {condition}')  # noqa: S608
        return [int(values[0]) for part in found for values in part["values"]]

    async def bins(self, series: Series, after: int, until: int, *, width: int, fields: Sequence[str]) -> list[Bin]:
        """Rows with `after` ≤ at < `until` in bins of `width` ms."""
        if not fields:
            return []
        chosen = ", ".join(_spread(series.table, name) for name in fields)
        count = ', sum("count") AS "count"' if series.table is Table.QUARTER else ""
        question = (
            f'SELECT {chosen}{count} FROM "{series.table}" WHERE {where(series)} AND time >= {after}ms '  # noqa: S608
            f"AND time < {until}ms GROUP BY time({width}ms, {after % width}ms) FILL(none)"
        )
        (found,) = await self._server.ask(question)
        named = [dict(zip(part["columns"], values, strict=True)) for part in found for values in part["values"]]
        return [bin_ for values in named if (bin_ := _bin(values, fields)) is not None]

    async def prune(self, table: Table, before: int) -> int:
        """Delete older rows; the server does not say how many. 3.x cannot: its bucket's retention does it."""
        if self._server.version < FIRST_WITHOUT_DELETE:
            await self._server.ask(f'DELETE FROM "{table}" WHERE time < {before}ms')  # noqa: S608
        return 0

    async def clear(self) -> None:
        """Delete every row; 3.x cannot."""
        if self._server.version < FIRST_WITHOUT_DELETE:
            await self._server.ask(*(f'DELETE FROM "{table}"' for table in Table))  # noqa: S608 - names of ours


def _select(series: Series, condition: str) -> str:
    return f'SELECT * FROM "{series.table}" WHERE {where(series)}{condition}'  # noqa: S608 - quoted


def _span(after: int, until: int) -> str:
    begin = f" AND time > {after}ms" if after > EARLIEST_MS else ""
    end = f" AND time <= {until}ms" if until < LATEST_MS else f" AND time <= {LATEST_MS}ms"
    return begin + end


def _rows(series: Series, found: Sequence[dict[str, Any]]) -> list[Row]:
    return [row for part in found for row in rows_of(series, part["columns"], part["values"])]


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
