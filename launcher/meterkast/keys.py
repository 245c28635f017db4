"""The passwords and tokens of a data folder, for commands that need no running Meterkast."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from meterkast_api.access import audit, credentials
from meterkast_api.access.audit import AuditLog
from meterkast_api.access.exposure import check_guarded
from meterkast_api.access.scopes import Caller, Scope
from meterkast_api.access.setup_code import new_setup_code
from meterkast_api.database import FILE, Database
from meterkast_api.settings import ApiSettings

COMMAND_LINE = Caller("command line", frozenset(Scope))


@asynccontextmanager
async def keys(data_dir: Path) -> AsyncIterator[tuple[Database, AuditLog]]:
    """Open what is kept, also beside a running Meterkast, which sees a change within 2 s; raises StartError."""
    async with Database(data_dir / FILE, (audit.SCHEMA, *credentials.SCHEMA)) as database:
        yield database, AuditLog(database)


async def first_code(settings: ApiSettings) -> str | None:
    """Return a setup code where no password is set; raises StartError where others could reach us unguarded."""
    async with keys(settings.data_dir) as (database, _):
        held = await database.run(credentials.load)
    api = settings.api
    chosen = api.password is not None or held.password is not None
    check_guarded(api.host, insecure=api.insecure, empty=not chosen and not held.tokens)
    return None if chosen else new_setup_code()
