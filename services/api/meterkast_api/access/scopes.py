"""Who asks, and what they may."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from fastapi import Depends, Request

from meterkast_api.problems import ProblemError

CALLER = "meterkast.caller"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="meterkast"'}
OPEN: dict[str, Any] = {"security": []}
"""`openapi_extra` of a route that answers callers without any scope."""


class Scope(StrEnum):
    """What a caller may do: `control` is what changes anything."""

    READ = "read"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody by name, as the audit log has it, with their scopes; nobody has logged in where `known` is false.

    `key` is the digest of the session or token by which they came; `bearer` says that it was no cookie.
    """

    name: str
    scopes: frozenset[Scope]
    known: bool = True
    bearer: bool = False
    key: bytes | None = field(default=None, repr=False)


ANYONE = Caller("anyone", frozenset({Scope.READ}), known=False)
STRANGER = Caller("anyone", frozenset(), known=False)
Recognise = Callable[[Any], Caller]


def caller_of(request: Request) -> Caller:
    """Who asks, as found out before the request came to its route."""
    caller: Caller = request.scope.get(CALLER, STRANGER)
    return caller


def refusal(scope: Scope, caller: Caller) -> ProblemError:
    """Why this caller may not: 401 where a login would help, 403 where it would not."""
    if caller.known:
        return ProblemError(HTTPStatus.FORBIDDEN, "not-allowed", f"{caller.name} may not do this: it needs {scope}")
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "login-needed",
        "this needs a login or a token: POST the password to /api/v1/session, or send Authorization: Bearer",
        headers=CHALLENGE,
    )


def needs(scope: Scope) -> Any:
    """A route's dependency: gives the caller, or answers 401 or 403 where they may not."""

    async def check(request: Request) -> Caller:
        caller = caller_of(request)
        if scope not in caller.scopes:
            raise refusal(scope, caller)
        return caller

    return Depends(check)
