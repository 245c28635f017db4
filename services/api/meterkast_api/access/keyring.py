"""What lets people in, held in memory: asked at every request, and in step with the database."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from typing import Self, TypeVar

from meterkast_runtime.log import get_logger

from meterkast_api.access import credentials
from meterkast_api.access.credentials import SESSION_LASTS_S, Credentials, Password, Token
from meterkast_api.access.scopes import Caller, Scope
from meterkast_api.database import Database

OWNER = "owner"
LOOK_EVERY_S = 2.0
TOKEN_USE_KEPT_EVERY_S = 60
SESSION_USE_KEPT_EVERY_S = 3600
T = TypeVar("T")
_LOG = get_logger("meterkast_api")


class Keyring:
    """Password, sessions and tokens; what another process changes in the database is seen within 2 s."""

    def __init__(
        self, database: Database, *, now: Callable[[], float] = time.time, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        self._database = database
        self._now = now
        self._look_every_s = look_every_s
        self._held = Credentials()
        self._version: int | None = None
        self._used: dict[bytes, int] = {}
        self._watching: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Read what there is, and keep looking."""
        await self._look()
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop looking, and keep what was used last."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        with contextlib.suppress(sqlite3.Error):
            await self._keep_uses(self._used)

    @property
    def password(self) -> Password | None:
        """The password in force."""
        return self._held.password

    @property
    def empty(self) -> bool:
        """Whether nobody can be let in: neither a password nor a token is set."""
        return self._held.password is None and not self._held.tokens

    def tokens(self) -> list[tuple[Token, int | None]]:
        """Every token by name, with the Unix second of its last use."""
        held = sorted(self._held.tokens.items(), key=lambda item: item[1].name)
        return [(token, self._used.get(digest, token.last_used_at)) for digest, token in held]

    def by_session(self, secret: str) -> Caller | None:
        """Whose session this is."""
        digest, now = credentials.digest_of(secret), int(self._now())
        if self._held.sessions.get(digest, 0) <= now:
            return None
        self._used[digest] = now
        return Caller(OWNER, frozenset(Scope), key=digest)

    def by_token(self, secret: str) -> Caller | None:
        """Whose token this is."""
        digest = credentials.digest_of(secret)
        token = self._held.tokens.get(digest)
        if token is None:
            return None
        self._used[digest] = int(self._now())
        return Caller(f"token {token.name}", token.scopes, bearer=True, key=digest)

    def holds(self, key: bytes) -> bool:
        """Whether a session or token by which somebody came still lets them in."""
        return key in self._held.tokens or self._held.sessions.get(key, 0) > self._now()

    async def change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Change what is kept, and know it."""
        result = await self._database.run(work)
        await self._load()
        return result

    async def until_ended(self, key: bytes) -> None:
        """Wait until a session or token by which somebody came lets them in no longer."""
        while self.holds(key):
            await self._changed.wait()

    async def _load(self) -> None:
        self._held = await self._database.run(credentials.load)
        self._changed.set()
        self._changed = asyncio.Event()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._look_every_s)
            try:
                await self._look()
                await self._keep_uses(self._due())
            except sqlite3.Error as error:
                _LOG.warning("logins and tokens could not be read again", error=str(error))

    async def _look(self) -> None:
        version = await self._database.run(lambda c: c.execute("PRAGMA data_version").fetchone()[0])
        if version != self._version:
            await self._load()
            self._version = version

    def _due(self) -> dict[bytes, int]:
        """Uses that are worth a write: a minute after the last one kept, or an hour for a session."""
        held = self._held
        kept = {digest: token.last_used_at or 0 for digest, token in held.tokens.items()}
        due = {digest: at for digest, at in self._used.items() if at - kept.get(digest, at) >= TOKEN_USE_KEPT_EVERY_S}
        for digest, expires in held.sessions.items():
            at = self._used.get(digest, 0)
            if at + SESSION_LASTS_S - expires >= SESSION_USE_KEPT_EVERY_S:
                due[digest] = at
        return due

    async def _keep_uses(self, uses: dict[bytes, int]) -> None:
        if uses:
            await self.change(lambda c: credentials.note_uses(c, uses))
            self._used = {digest: at for digest, at in self._used.items() if self.holds(digest)}
