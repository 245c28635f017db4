"""Who asks, and what they may."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from fastapi import Depends, Request

from meterkast_api.problems import ProblemError

CALLER = "meterkast.caller"


class Scope(StrEnum):
    """What a caller may do: `control` is what changes anything."""

    READ = "read"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody by name, as the audit log has it, with their scopes; nobody has logged in where `known` is false."""

    name: str
    scopes: frozenset[Scope]
    known: bool = True


ANYONE = Caller("anyone", frozenset({Scope.READ}), known=False)
Recognise = Callable[[Any], Caller]


def caller_of(request: Request) -> Caller:
    """Who asks, as found out before the request came to its route."""
    caller: Caller = request.scope.get(CALLER, ANYONE)
    return caller


def needs(scope: Scope) -> Any:
    """A route's dependency: gives the caller, or answers 401 or 403 where they may not."""

    async def check(request: Request) -> Caller:
        return check_scope(caller_of(request), scope)

    return Depends(check)


def check_scope(caller: Caller, scope: Scope) -> Caller:
    """Return the caller, or raise ProblemError (401 or 403) where they may not."""
    if scope in caller.scopes:
        return caller
    if not caller.known:
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            "login-needed",
            "this needs a login or a token: POST the password to /api/v1/session, or send Authorization: Bearer",
            headers={"WWW-Authenticate": 'Bearer realm="meterkast"'},
        )
    raise ProblemError(HTTPStatus.FORBIDDEN, "not-allowed", f"{caller.name} may not do this: it needs {scope}")
