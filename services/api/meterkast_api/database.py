"""What people have set, kept by the API itself: one small SQLite file, durable at each commit."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from meterkast_runtime.errors import StartError

FILE = "api.sqlite"
VERSION = 1
DOCUMENTS = "CREATE TABLE IF NOT EXISTS document (name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID"
T = TypeVar("T")


class Database:
    """The file; `schema` holds the `CREATE … IF NOT EXISTS` of each part that keeps things."""

    def __init__(self, path: Path, schema: Sequence[str] = ()) -> None:
        self._path = path
        self._schema = (DOCUMENTS, *schema)
        self._thread = ThreadPoolExecutor(1, "api-database")
        self._connection: sqlite3.Connection | None = None

    async def __aenter__(self) -> Self:
        """Open the file; raises StartError where that is not possible."""
        try:
            self._connection = await self._in_thread(self._open)
        except StartError:
            self._thread.shutdown()
            raise
        except (OSError, sqlite3.Error) as error:
            self._thread.shutdown()
            raise StartError(
                f"what people have set, {self._path}, cannot be used: {error}",
                hint="make the data folder writable for this user",
            ) from error
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close the file."""
        if self._connection is not None:
            await self._in_thread(self._connection.close)
        self._thread.shutdown()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do some work in one transaction, on disk when this returns; an error takes all of it back."""

        def transaction() -> T:
            connection = self._connection
            assert connection is not None  # noqa: S101 - it is entered before use
            with connection:
                return work(connection)

        return await self._in_thread(transaction)

    async def document(self, name: str) -> bytes | None:
        """Return the document of this name, None where none was ever put."""
        row = await self.run(lambda c: c.execute("SELECT body FROM document WHERE name = ?", (name,)).fetchone())
        return None if row is None else bytes(row[0])

    async def put_document(self, name: str, body: bytes) -> None:
        """Keep a document in place of the one before."""
        sql = "INSERT INTO document VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"
        await self.run(lambda c: c.execute(sql, (name, body)))

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, check_same_thread=False, timeout=5)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._path.chmod(0o600)
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise StartError(
                f"what people have set, {self._path}, is of version {version}, this program knows up to {VERSION}",
                hint="update this program, or move the file away and restore the backup made before the upgrade",
            )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        with connection:
            for statement in self._schema:
                connection.execute(statement)
            if version < VERSION:
                connection.execute(f"PRAGMA user_version = {VERSION}")

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
