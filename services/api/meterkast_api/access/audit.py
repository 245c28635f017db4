"""The audit log: who changed what, and when."""

from datetime import UTC, datetime

from meterkast_runtime.log import get_logger

from meterkast_api.access.scopes import Caller
from meterkast_api.database import Database

SCHEMA = """\
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL
) STRICT"""
_LOG = get_logger("meterkast_api")


class AuditLog:
    """Written before the answer goes out, and to the service's log as well."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, caller: Caller, what: str, detail: str = "") -> None:
        """Keep that somebody did something, e.g. `contracts changed`."""
        row = (datetime.now(UTC).isoformat(timespec="milliseconds"), caller.name, what, detail)
        sql = "INSERT INTO audit (at, who, what, detail) VALUES (?, ?, ?, ?)"
        await self._database.run(lambda c: c.execute(sql, row))
        _LOG.info(what, who=caller.name, detail=detail)
