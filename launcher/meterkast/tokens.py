"""`meterkast token`: make, list and remove the tokens by which programs come."""

import asyncio
import re
import time
from datetime import UTC, datetime
from pathlib import Path

from meterkast_api.access import credentials
from meterkast_api.access.credentials import TOKEN_NAME, Token
from meterkast_api.access.scopes import Scope
from meterkast_api.settings import ApiSettings

from meterkast.errors import LauncherError
from meterkast.keys import COMMAND_LINE, keys


def make_token(settings: ApiSettings, name: str, scope: Scope) -> str:
    """Return the secret of a new token; raises LauncherError where there is one of this name."""
    if not re.fullmatch(TOKEN_NAME, name):
        raise LauncherError(
            f"{name!r} cannot name a token", hint="use letters, digits and - . _ such as home-assistant"
        )
    secret = asyncio.run(_make(settings.data_dir, name, credentials.with_implied({scope})))
    if secret is None:
        raise LauncherError(f"there is a token {name} already", hint=f"meterkast token {name} --remove takes it away")
    return secret


def remove_token(settings: ApiSettings, name: str) -> None:
    """Take a token away; raises LauncherError where there is none of this name."""
    if not asyncio.run(_remove(settings.data_dir, name)):
        raise LauncherError(f"there is no token {name}", hint="meterkast token lists those there are")


def listed(settings: ApiSettings) -> list[str]:
    """One line for each token: name, scopes, last use."""
    return [_line(token) for token in asyncio.run(_tokens(settings.data_dir))]


def _line(token: Token) -> str:
    used = token.last_used_at
    last = "never used" if used is None else f"last used {datetime.fromtimestamp(used, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{token.name}  {', '.join(sorted(token.scopes))}  {last}"


async def _make(data_dir: Path, name: str, scopes: frozenset[Scope]) -> str | None:
    async with keys(data_dir) as (database, audit):
        secret = await database.run(lambda c: credentials.add_token(c, name, scopes, time.time()))
        if secret is not None:
            await audit.note(COMMAND_LINE, "token made", f"{name}: {', '.join(sorted(scopes))}")
        return secret


async def _remove(data_dir: Path, name: str) -> bool:
    async with keys(data_dir) as (database, audit):
        removed = await database.run(lambda c: credentials.remove_token(c, name))
        if removed:
            await audit.note(COMMAND_LINE, "token removed", name)
        return removed


async def _tokens(data_dir: Path) -> list[Token]:
    async with keys(data_dir) as (database, _):
        held = await database.run(credentials.load)
    return sorted(held.tokens.values(), key=lambda token: token.name)
