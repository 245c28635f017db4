"""What SQLite's errors mean for a person."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meterkast_store.errors import StoreDamagedError, StoreError, StoreUnavailableError
from meterkast_store.sqlite_schema import ForeignDatabaseError

_HINTS = {
    sqlite3.SQLITE_FULL: "free some space on the disk; nothing is lost meanwhile",
    sqlite3.SQLITE_READONLY: "give this user the right to write to the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "see that the folder exists and that this user may write in it",
    sqlite3.SQLITE_BUSY: "another program holds the database locked: close it",
    sqlite3.SQLITE_LOCKED: "another program holds the database locked: close it",
    sqlite3.SQLITE_IOERR: "look at the disk: it may be full, failing or gone",
}
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY = 0xFF


@contextmanager
def explained(operation: str, path: Path) -> Iterator[None]:
    """Turn what goes wrong with the file into a StoreError that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(operation, path, error) from error
    except ForeignDatabaseError as error:
        raise StoreDamagedError(operation, str(path), str(error), hint=error.hint) from error
    except OSError as error:
        reason = error.strerror or str(error)
        hint = _HINTS[sqlite3.SQLITE_CANTOPEN]
        raise StoreUnavailableError(operation, str(path), reason, hint=hint) from error


def _explained(operation: str, path: Path, error: sqlite3.Error) -> StoreError:
    code = (getattr(error, "sqlite_errorcode", None) or 0) & _PRIMARY
    if code in _BROKEN:
        hint = "stop the program, put a backup in its place or move the file away; a new one is made then"
        return StoreDamagedError(operation, str(path), str(error), hint=hint)
    hint = _HINTS.get(code, "this is a mistake in the program: please report it")
    return StoreUnavailableError(operation, str(path), str(error), hint=hint)
