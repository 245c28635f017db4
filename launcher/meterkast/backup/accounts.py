"""What people have set (the API's database) as one member of a backup: without the sessions, which end with it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from meterkast_api.access import audit, credentials
from meterkast_api.database import DOCUMENTS, VERSION
from meterkast_api.money import prices

from meterkast.backup.errors import BackupDamagedError
from meterkast.errors import LauncherError

BUSY_S = 5.0
SCHEMA = (DOCUMENTS, audit.SCHEMA, *credentials.SCHEMA, prices.SCHEMA)
TABLES = ("document", "password", "token", "price", "audit")
_COUNTED = {
    "a password": "SELECT count(*) FROM password WHERE origin = 'chosen'",
    "tokens": "SELECT count(*) FROM token",
    "contracts or preferences": "SELECT count(*) FROM document",
    "prices": "SELECT count(*) FROM price",
}
_VERSIONS = slice(18, 20)
_NO_LOG_AHEAD = b"\x01\x01"


def saved(path: Path) -> bytes | None:
    """Return the database as it is at this moment, None where there is none; raises LauncherError."""
    if not path.exists():
        return None
    with _explained(path), closing(sqlite3.connect(path, timeout=BUSY_S)) as source, closing(_memory()) as copy:
        source.backup(copy)
        _complete(copy)
        copy.execute("DELETE FROM session")
        copy.commit()
        copy.execute("VACUUM")
        image = bytearray(copy.serialize())
    image[_VERSIONS] = _NO_LOG_AHEAD  # an image that asks for a log beside it cannot be opened in memory
    return bytes(image)


def held(path: Path) -> list[str]:
    """Return in words what people have set there."""
    image = saved(path)
    if image is None:
        return []
    with closing(_opened(image)) as database:
        return [what for what, sql in _COUNTED.items() if database.execute(sql).fetchone()[0]]


def same(path: Path, image: bytes) -> bool:
    """Whether just this is there already."""
    there = saved(path)
    return there is not None and _rows(there) == _rows(image)


def replace(path: Path, image: bytes) -> None:
    """Put the saved database in place of the one there, all of it or nothing; nobody else may have it open."""
    with _explained(path), closing(_opened(image)) as source, closing(_made(path)) as target:
        target.execute("PRAGMA locking_mode = EXCLUSIVE")
        target.execute("PRAGMA journal_mode = DELETE")
        source.backup(target)


def merge(path: Path, image: bytes) -> int:
    """Add what is not there yet; return how many rows were."""
    with _explained(path), closing(_opened(image)) as source, closing(_made(path)) as target:
        _complete(target)
        with target:
            return sum(_add(source, target, table) for table in TABLES)


def check(image: bytes) -> None:
    """Raise BackupDamagedError where it is no such database."""
    try:
        with closing(_opened(image)) as database:
            for table in TABLES:
                database.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - names of ours
            (version,) = database.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        raise BackupDamagedError(f"api.sqlite in the backup is damaged: {error}", hint="take another backup") from error
    if version > VERSION:
        raise BackupDamagedError(
            f"api.sqlite in the backup is of version {version}, this program knows up to {VERSION}",
            hint="update Meterkast, then restore",
        )


def _add(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> int:
    if table == "audit" and target.execute("SELECT count(*) FROM audit").fetchone()[0]:
        return 0  # two logs cannot be told apart by their numbers
    cursor = source.execute(f"SELECT * FROM {table}")  # noqa: S608 - names of ours
    names = [name for name, *_ in cursor.description]
    sql = f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
    return target.executemany(sql, cursor).rowcount


def _made(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return sqlite3.connect(path, timeout=BUSY_S)


def _rows(image: bytes) -> list[list[tuple[object, ...]]]:
    with closing(_opened(image)) as database:
        return [database.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in TABLES]  # noqa: S608 - names of ours


def _opened(image: bytes) -> sqlite3.Connection:
    database = _memory()
    database.deserialize(image)
    return database


def _memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:")


def _complete(database: sqlite3.Connection) -> None:
    """Add the tables that an older program had not."""
    for statement in SCHEMA:
        database.execute(statement)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
        hint = "stop Meterkast and try again" if busy else "look at the file, and whether this user may write to it"
        raise LauncherError(f"what people have set, {path}, cannot be used: {error}", hint=hint) from error
