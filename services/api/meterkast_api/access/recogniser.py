"""Finds out who asks: by token, by session, or nobody."""

import hmac
from http import HTTPStatus
from typing import Any

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from meterkast_api.access.keyring import Keyring
from meterkast_api.access.scopes import ANYONE, STRANGER, Caller, Scope
from meterkast_api.problems import ProblemError

COOKIE = "meterkast_session"
COMPANION = Caller("console", frozenset(Scope), bearer=True)


class Recogniser:
    """Reads the headers of a request; memory alone is asked."""

    def __init__(self, keyring: Keyring, *, everybody_reads: bool, companion: SecretStr | None = None) -> None:
        self._keyring = keyring
        self._companion = companion
        self._nobody = ANYONE if everybody_reads else STRANGER

    def __call__(self, scope: Any) -> Caller:
        """Who asks; raises ProblemError for a token that is none."""
        headers = Headers(scope=scope)
        token = _token(headers)
        if token is not None:
            caller = self._companion_by(token) or self._keyring.by_token(token)
            if caller is None:
                raise _unknown_token()
            return caller
        cookie = headers.get("cookie")
        secret = cookie_parser(cookie).get(COOKIE) if cookie else None
        return (self._keyring.by_session(secret) if secret else None) or self._nobody

    def _companion_by(self, token: str) -> Caller | None:
        """The service beside us in this process, which alone knows the token made for it at the start."""
        if self._companion is None:
            return None
        ours = self._companion.get_secret_value().encode()
        return COMPANION if hmac.compare_digest(ours, token.encode()) else None


def _token(headers: Headers) -> str | None:
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else None


def _unknown_token() -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "unknown-token",
        "this token is not known, or no longer: make one on the page or by the command `meterkast token NAME`",
        headers={"WWW-Authenticate": 'Bearer realm="meterkast", error="invalid_token"'},
    )
