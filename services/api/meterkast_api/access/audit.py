"""The audit log: who changed what, and when."""

from dataclasses import dataclass
from datetime import UTC, datetime

from meterkast_runtime.log import get_logger

from meterkast_api.access.scopes import Caller
from meterkast_api.database import Database

SCHEMA = """\
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL
) STRICT"""
KEPT = 10_000
_LOG = get_logger("meterkast_api")


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody did something; `at` is UTC."""

    at: datetime
    who: str
    what: str
    detail: str


class AuditLog:
    """Written before the answer goes out, and to the service's log as well; the newest entries are kept."""

    def __init__(self, database: Database, *, kept: int = KEPT) -> None:
        self._database = database
        self._kept = kept

    async def note(self, caller: Caller, what: str, detail: str = "") -> None:
        """Keep that somebody did something, e.g. `contracts changed`."""
        row = (datetime.now(UTC).isoformat(timespec="milliseconds"), caller.name, what, detail)
        insert = "INSERT INTO audit (at, who, what, detail) VALUES (?, ?, ?, ?)"
        trim = "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?"
        await self._database.run(lambda c: (c.execute(insert, row), c.execute(trim, (self._kept,))))
        _LOG.info(what, who=caller.name, detail=detail)

    async def latest(self, limit: int) -> list[Entry]:
        """Return the newest entries, the newest first."""
        sql = "SELECT at, who, what, detail FROM audit ORDER BY id DESC LIMIT ?"
        rows = await self._database.run(lambda c: c.execute(sql, (limit,)).fetchall())
        return [Entry(datetime.fromisoformat(at), *rest) for at, *rest in rows]
