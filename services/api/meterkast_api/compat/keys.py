"""Who asks by an old path: DSMR-reader's key headers, and everybody where the settings say so."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from starlette.routing import BaseRoute, Match

from meterkast_api.access.scopes import Caller, Recognise, Scope
from meterkast_api.problems import ProblemError

READING = frozenset({"GET", "HEAD"})
_AUTHORIZATION, _AUTH_KEY, _TOKEN = b"authorization", b"x-authkey", b"token "


def as_bearer(scope: Any) -> Any:
    """Return the request with `X-AUTHKEY: k` or `Authorization: Token k` as `Authorization: Bearer k`."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    given = headers.get(_AUTHORIZATION)
    if given is None and (key := headers.get(_AUTH_KEY)):
        bearer = key
    elif given is not None and given[: len(_TOKEN)].lower() == _TOKEN:
        bearer = given[len(_TOKEN) :].strip()
    else:
        return scope
    others = [pair for pair in scope["headers"] if pair[0] != _AUTHORIZATION]
    return {**scope, "headers": [*others, (_AUTHORIZATION, b"Bearer " + bearer)]}


def recognising(recognise: Recognise, routes: Sequence[BaseRoute], *, everybody: bool) -> Recognise:
    """Recognise callers by those headers too; where `everybody` may read, anyone may read by these routes.

    A key that is none does not shut out who may read without one: some programs cannot leave it out.
    """

    def widened(caller: Caller, scope: Any) -> Caller:
        if everybody and Scope.READ not in caller.scopes and _reads(scope, routes):
            return replace(caller, scopes=caller.scopes | {Scope.READ})
        return caller

    def recognised(scope: Any) -> Caller:
        with_key = as_bearer(scope)
        try:
            return widened(recognise(with_key), scope)
        except ProblemError:
            caller = None if with_key is scope else widened(recognise(scope), scope)
            if caller is None or Scope.READ not in caller.scopes:
                raise
            return caller

    return recognised


def _reads(scope: Any, routes: Sequence[BaseRoute]) -> bool:
    if scope["type"] != "http" or scope["method"] not in READING:
        return False
    asked = {**scope, "method": "GET"}
    return any(route.matches(asked)[0] is Match.FULL for route in routes)
