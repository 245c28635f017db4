"""Blocks of six hours, made of the quarters in them: what curves of years are read from.

Every block before that of a series' newest quarter has its row. It is a function of the quarters alone, made anew
whenever one of them is written, and stands at the block's beginning.
"""

import sqlite3
from collections.abc import Collection, Iterable

from meterkast_store.instants import BLOCK_MS
from meterkast_store.rows import Table
from meterkast_store.sqlite_schema import BLOCKS, add_columns, columns


def block_of(at: int) -> int:
    """Return where the block begins in which the quarter lies that ends at `at`."""
    return (at - 1) // BLOCK_MS * BLOCK_MS


def renew_blocks(connection: sqlite3.Connection, series: int, written: Iterable[int]) -> None:
    """Make the blocks again of quarters just written; that of the newest one is made when another begins."""
    newest = newest_block(connection, series)
    touched = {block_of(at) for at in written}
    due = {block for block in touched if block < newest}
    if newest in touched:
        sql = "SELECT max(at) FROM quarter WHERE series = ? AND at <= ?"
        (last,) = connection.execute(sql, (series, newest)).fetchone()
        made = f"SELECT 1 FROM {BLOCKS} WHERE series = ? AND at = ?"  # noqa: S608 - a name of ours
        if last is not None and not connection.execute(made, (series, block_of(last))).fetchone():
            due.add(block_of(last))
    if due:
        _make(connection, series, sorted(due))


def make_all_blocks(connection: sqlite3.Connection) -> None:
    """Make the blocks of every quarter there is."""
    for (series,) in connection.execute("SELECT id FROM series WHERE kind_of_row = ?", (Table.QUARTER,)).fetchall():
        newest = newest_block(connection, series)
        found = connection.execute(
            f"SELECT DISTINCT (at - 1) / {BLOCK_MS} * {BLOCK_MS} FROM quarter WHERE series = ? AND at <= ?",  # noqa: S608
            (series, newest),
        )
        _make(connection, series, [block for (block,) in found.fetchall()])


def newest_block(connection: sqlite3.Connection, series: int) -> int:
    """Return where the block of the newest quarter begins."""
    (at,) = connection.execute("SELECT max(at) FROM quarter WHERE series = ?", (series,)).fetchone()
    return block_of(at or 0)


def _make(connection: sqlite3.Connection, series: int, blocks: Collection[int]) -> None:
    known = columns(connection, Table.QUARTER)
    made = {"count": 'sum("count")'}
    for name in sorted(column.removesuffix("_sum") for column in known if column.endswith("_sum")):
        made |= {
            f"{name}_sum": f'sum("{name}_sum")',
            f"{name}_min": f'min("{name}_min")',
            f"{name}_max": f'max("{name}_max")',
            f"{name}_n": f"sum({readings_sql(name, known)})",
        }
    add_columns(connection, BLOCKS, made)
    named, chosen = ", ".join(f'"{name}"' for name in made), ", ".join(made.values())
    sql = (
        f"INSERT OR REPLACE INTO {BLOCKS} (series, at, {named}) SELECT ?, ?, {chosen} FROM quarter "  # noqa: S608
        "WHERE series = ? AND at > ? AND at <= ?"
    )
    connection.executemany(sql, ((series, at, series, at, at + BLOCK_MS) for at in blocks))


def readings_sql(name: str, known: Collection[str]) -> str:
    """Return how many readings of a row had this gauge."""
    n = f'ifnull("{name}_n", "count")' if f"{name}_n" in known else '"count"'
    return f'iif("{name}_sum" IS NULL, 0, {n})'
