"""Logging in, and choosing the password."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import SecretStr

from meterkast_api.access import credentials
from meterkast_api.access.attempts import Attempts
from meterkast_api.access.credentials import Origin
from meterkast_api.access.keyring import Keyring
from meterkast_api.access.passwords import Hashing, complaint
from meterkast_api.access.scopes import CHALLENGE
from meterkast_api.access.setup_code import same_code
from meterkast_api.problems import ProblemError, invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A new password, and what proves that it may be set."""

    password: SecretStr
    current: SecretStr | None = None
    setup_code: SecretStr | None = None


class Login:
    """Checks passwords and the setup code, never more often than attempts allow."""

    def __init__(
        self, keyring: Keyring, *, attempts: Attempts, setup_code: str, now: Callable[[], float] = time.time
    ) -> None:
        self._keyring = keyring
        self._attempts = attempts
        self._setup_code = setup_code
        self._now = now
        self._hashing = Hashing()
        self._choosing = asyncio.Lock()

    @property
    def password_set(self) -> bool:
        """Whether there is a password."""
        return self._keyring.password is not None

    @property
    def setup_code(self) -> str | None:
        """What lets the first password be chosen, as long as there is none."""
        return None if self.password_set else self._setup_code

    async def adopt(self, given: SecretStr | None) -> None:
        """Make the settings' password the one in force; another than before ends every session."""
        known = self._keyring.password
        from_settings = known.hash if known and known.origin is Origin.SETTINGS else None
        if given is None and from_settings is None:
            return
        if given and from_settings and await self._hashing.fits(from_settings, given.get_secret_value()):
            return
        hash_ = await self._hashing.hash(given.get_secret_value()) if given else None
        await self._keyring.change(lambda c: credentials.set_password(c, Origin.SETTINGS, hash_))

    async def log_in(self, password: SecretStr, *, client: str) -> str:
        """Return the secret of a new session; raises ProblemError where the password is not right."""
        known = self._keyring.password
        if known is None:
            raise ProblemError(
                HTTPStatus.CONFLICT,
                "no-password",
                "no password is set yet: choose one with the setup code that Meterkast gave when it started, "
                "or by the command `meterkast password`",
            )
        self._attempts.begin(client)
        if not await self._hashing.fits(known.hash, password.get_secret_value()):
            raise _wrong_password()
        self._attempts.succeeded(client)
        return await self._keyring.change(lambda c: credentials.add_session(c, self._now()))

    async def choose(self, choice: Choice, *, client: str) -> str:
        """Set another password, end all sessions and return the secret of a new one; raises ProblemError."""
        async with self._choosing:
            await self._check(choice, client)
            hash_ = await self._hashing.hash(choice.password.get_secret_value())
            await self._keyring.change(lambda c: credentials.set_password(c, Origin.CHOSEN, hash_))
            return await self._keyring.change(lambda c: credentials.add_session(c, self._now()))

    async def _check(self, choice: Choice, client: str) -> None:
        known = self._keyring.password
        if known is not None and known.origin is Origin.SETTINGS:
            raise ProblemError(
                HTTPStatus.CONFLICT,
                "password-in-settings",
                "the password stands in the settings: change password in the section [api], "
                "or METERKAST_API__PASSWORD, and start Meterkast again",
            )
        if wrong := complaint(choice.password.get_secret_value()):
            raise invalid("password", wrong)
        self._attempts.begin(client)
        if known is None:
            if choice.setup_code is None or not same_code(self._setup_code, choice.setup_code.get_secret_value()):
                raise _wrong_code()
        elif choice.current is None or not await self._hashing.fits(known.hash, choice.current.get_secret_value()):
            raise _wrong_password()
        self._attempts.succeeded(client)


def _wrong_password() -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "wrong-password",
        "this is not the password; who runs Meterkast can set another by the command `meterkast password`",
        headers=CHALLENGE,
    )


def _wrong_code() -> ProblemError:
    return ProblemError(
        HTTPStatus.FORBIDDEN,
        "wrong-setup-code",
        "this is not the setup code: Meterkast gave it when it started, on the terminal or in its log",
    )
