"""The embedded database's tables: a table for each kind of row, a column for each value that ever came."""

import re
import sqlite3
from collections.abc import Iterable

from meterkast_store.columns import gauge_decimals
from meterkast_store.rows import Table

APPLICATION_ID = 0x4D4B3031  # "MK01"
VERSION = 1
TEXTS = frozenset({"text", "meter_id", "detail"})
_COLUMN = re.compile(r"[a-z][a-z0-9_]*")
_FLAGGED = (Table.QUARTER, Table.MBUS)


class ForeignDatabaseError(Exception):
    """The file is another program's database, or of a newer version."""


def connect(path: str, *, busy_s: float) -> sqlite3.Connection:
    """Open the file so that a committed transaction survives a power cut."""
    connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an empty or older database to this version."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if version > VERSION:
        raise ForeignDatabaseError(f"it is of version {version}, this program knows up to {VERSION}")
    if owner != APPLICATION_ID and tables:
        raise ForeignDatabaseError("it is the database of another program")
    if version == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _statements():
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def columns(connection: sqlite3.Connection, table: Table) -> set[str]:
    """Return the columns that a table has."""
    return {name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}


def add_columns(connection: sqlite3.Connection, table: Table, names: Iterable[str]) -> None:
    """Add columns for values that had not come before."""
    for name in sorted(set(names) - columns(connection, table)):
        if not _COLUMN.fullmatch(name):
            raise ValueError(f"{name!r} cannot be a column")
        connection.execute(f'ALTER TABLE "{table}" ADD COLUMN "{name}" {_type(name)}')


def _type(column: str) -> str:
    if column in TEXTS:
        return "TEXT"
    return "INTEGER" if gauge_decimals(column) is None else "ANY"


def _statements() -> Iterable[str]:
    yield (
        "CREATE TABLE IF NOT EXISTS series (id INTEGER PRIMARY KEY, kind_of_row TEXT NOT NULL, gateway TEXT NOT NULL, "
        "name TEXT NOT NULL, kind TEXT NOT NULL, UNIQUE (kind_of_row, gateway, name, kind)) STRICT"
    )
    for table in Table:
        reset = ", reset INTEGER" if table in _FLAGGED else ""
        yield (
            f'CREATE TABLE IF NOT EXISTS "{table}" (series INTEGER NOT NULL, at INTEGER NOT NULL{reset}, '
            "PRIMARY KEY (series, at)) STRICT, WITHOUT ROWID"
        )
        if reset:
            yield f'CREATE INDEX IF NOT EXISTS "{table}_reset" ON "{table}" (series, at) WHERE reset = 1'
