"""The embedded database's tables: a table for each kind of row, a column for each value that ever came."""

import re
import sqlite3
import time
from collections.abc import Callable, Iterable

from meterkast_store.columns import gauge_decimals
from meterkast_store.rows import Table

APPLICATION_ID = 0x4D4B3031  # "MK01"
VERSION = 2
BLOCKS = "block"
BUSY_STEP_S = 0.01
TEXTS = frozenset({"text", "meter_id", "detail"})
_COLUMN = re.compile(r"[a-z][a-z0-9_]*")
_FLAGGED = (Table.QUARTER, Table.MBUS)


class ForeignDatabaseError(Exception):
    """The file is another program's database, or of a newer version; the hint says what to do."""

    def __init__(self, sentence: str, *, hint: str) -> None:
        super().__init__(sentence)
        self.hint = hint


def connect(path: str, *, busy_s: float) -> sqlite3.Connection:
    """Open the file so that a committed transaction survives a power cut; another program's is left as it is."""
    connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
    try:
        _log_ahead(connection, busy_s)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection, fill: Callable[[sqlite3.Connection], None]) -> None:
    """Bring an empty or older database to this version; `fill` makes what is made of what it holds."""
    if _is_current(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _check_owner(connection)
        for statement in _statements():
            connection.execute(statement)
        fill(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _is_current(connection: sqlite3.Connection) -> bool:
    return _pragma(connection, "application_id") == APPLICATION_ID and _pragma(connection, "user_version") == VERSION


def _check_owner(connection: sqlite3.Connection) -> None:
    version = _pragma(connection, "user_version")
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if version > VERSION:
        raise ForeignDatabaseError(
            f"it is of version {version}, this program knows up to {VERSION}",
            hint="update this program, or move the file away and restore the backup made before the upgrade",
        )
    if tables and _pragma(connection, "application_id") != APPLICATION_ID:
        raise ForeignDatabaseError("it is the database of another program", hint="choose another file in [store] url")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _log_ahead(connection: sqlite3.Connection, busy_s: float) -> None:
    """Switch our own file to write-ahead logging, waiting where another does so just now, as SQLite does not."""
    deadline = time.monotonic() + busy_s
    while True:
        try:
            _check_owner(connection)
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(BUSY_STEP_S)
        else:
            return


def columns(connection: sqlite3.Connection, table: str) -> set[str]:
    """Return the columns that a table has."""
    return {name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}


def add_columns(connection: sqlite3.Connection, table: str, names: Iterable[str]) -> None:
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
    yield (
        f"CREATE TABLE IF NOT EXISTS {BLOCKS} (series INTEGER NOT NULL, at INTEGER NOT NULL, count INTEGER, "
        "PRIMARY KEY (series, at)) STRICT, WITHOUT ROWID"
    )
    for table in Table:
        reset = ", reset INTEGER" if table in _FLAGGED else ""
        yield (
            f'CREATE TABLE IF NOT EXISTS "{table}" (series INTEGER NOT NULL, at INTEGER NOT NULL{reset}, '
            "PRIMARY KEY (series, at)) STRICT, WITHOUT ROWID"
        )
        if reset:
            yield f'CREATE INDEX IF NOT EXISTS "{table}_reset" ON "{table}" (series, at) WHERE reset = 1'
