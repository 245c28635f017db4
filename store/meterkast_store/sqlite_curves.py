"""Curves in the embedded database: one question for each bin, which takes less than grouping."""

import sqlite3
from collections.abc import Callable, Sequence

from meterkast_store.instants import BLOCK_MS, QUARTER_MS
from meterkast_store.rows import Bin, Table
from meterkast_store.sqlite_blocks import newest_block, readings_sql
from meterkast_store.sqlite_schema import BLOCKS, columns

Ask = Callable[[int, int], tuple[float | None, ...]]


def bins(
    connection: sqlite3.Connection, table: Table, series: int, stretch: tuple[int, int, int], fields: Sequence[str]
) -> list[Bin]:
    """Return the bins from the first to before the second of `stretch`, as wide as its third."""
    begin, end, width = stretch
    reach = [_edge(connection, table, series, (begin, end), way) for way in ("min", "max")]
    known = columns(connection, table)
    present = [name for name in fields if name in known or f"{name}_sum" in known]
    if None in reach or not present:
        return []
    first, last = (at or 0 for at in reach)
    ask = _asking(connection, table, series, present)
    fits = table is Table.QUARTER and width % BLOCK_MS == 0 and begin % BLOCK_MS == QUARTER_MS
    ask_blocks = _asking(connection, BLOCKS, series, present) if fits else ask
    made = newest_block(connection, series) if fits else begin
    found = []
    for at in range(begin + (first - begin) // width * width, last + 1, width):
        stop = min(at + width, end)
        block, following = at - QUARTER_MS, stop - QUARTER_MS
        count, *spread = ask_blocks(block, following) if fits and following <= made else ask(at, stop)
        if count:
            found.append(_bin(at, int(count), present, spread))
    return found


def _edge(connection: sqlite3.Connection, table: Table, series: int, span: tuple[int, int], way: str) -> int | None:
    sql = f'SELECT {way}(at) FROM "{table}" WHERE series = ? AND at >= ? AND at < ?'  # noqa: S608 - names of ours
    at: int | None = connection.execute(sql, (series, *span)).fetchone()[0]
    return at


def _asking(connection: sqlite3.Connection, table: str, series: int, names: Sequence[str]) -> Ask:
    known = columns(connection, table)
    spreads = ", ".join(_spread_sql(table, name, known) for name in names)
    count = "count(*)" if table == Table.SAMPLE else 'sum("count")'
    sql = f'SELECT {count}, {spreads} FROM "{table}" WHERE series = ? AND at >= ? AND at < ?'  # noqa: S608

    def ask(begin: int, end: int) -> tuple[float | None, ...]:
        row: tuple[float | None, ...] = connection.execute(sql, (series, begin, end)).fetchone()
        return row

    return ask


def _spread_sql(table: str, name: str, known: set[str]) -> str:
    if table == Table.SAMPLE:
        return f'min("{name}"), avg("{name}"), max("{name}")'
    if f"{name}_sum" not in known:
        return "NULL, NULL, NULL"
    return f'min("{name}_min"), sum("{name}_sum") * 1.0 / sum({readings_sql(name, known)}), max("{name}_max")'


def _bin(at: int, count: int, names: Sequence[str], spread: Sequence[float | None]) -> Bin:
    values = {}
    for name, low, mean, high in zip(names, spread[::3], spread[1::3], spread[2::3], strict=True):
        if low is not None and mean is not None and high is not None:
            values[name] = (low, mean, high)
    return Bin(at, count, values)
