"""`meterkast password`: set the password of the page."""

import asyncio
import getpass
import sys
from pathlib import Path
from typing import TextIO

from meterkast_api.access import credentials
from meterkast_api.access.credentials import Origin
from meterkast_api.access.passwords import complaint, hash_password
from meterkast_api.settings import ApiSettings

from meterkast.errors import LauncherError
from meterkast.keys import COMMAND_LINE, keys


def run_password(settings: ApiSettings, *, given: TextIO | None = None) -> None:
    """Ask twice at a terminal, or take the first line of standard input; raises LauncherError."""
    given = given or sys.stdin
    if settings.api.password is not None:
        raise LauncherError(
            "the password stands in the settings, where it counts before any other",
            hint="change password in the section [api], or METERKAST_API__PASSWORD, or take it away",
        )
    password = _asked() if given.isatty() else given.readline().rstrip("\r\n")
    if wrong := complaint(password):
        raise LauncherError(wrong, hint="nothing was changed")
    asyncio.run(_set(settings.data_dir, hash_password(password)))


def _asked() -> str:
    password = getpass.getpass("New password: ")
    if wrong := complaint(password):
        raise LauncherError(wrong, hint="nothing was changed")
    if getpass.getpass("The same again: ") != password:
        raise LauncherError("these are two different passwords", hint="nothing was changed, try again")
    return password


async def _set(data_dir: Path, hash_: str) -> None:
    async with keys(data_dir) as (database, audit):
        await database.run(lambda c: credentials.set_password(c, Origin.CHOSEN, hash_))
        await audit.note(COMMAND_LINE, "password chosen")
