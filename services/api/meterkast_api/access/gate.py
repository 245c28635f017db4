"""Lets a request in or refuses it, before any of it is read: what no rule allows is not allowed."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Connection

from meterkast_api.access.origin import cross_origin, form_type
from meterkast_api.access.scopes import CALLER, OPEN, Caller, Recognise, Scope, refusal
from meterkast_api.problems import ProblemError, refuse

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
MOST_FROM_STRANGERS = 16_384
POLICY_VIOLATION = 1008


class Gate:
    """Stands before the routes: names the caller, asks for `read` to read and `control` for all else."""

    def __init__(
        self,
        app: ASGIApp,
        routes: Sequence[BaseRoute],
        recognise: Recognise,
        *,
        allowed_origins: Collection[str] = (),
        until_ended: Callable[[bytes], Awaitable[None]],
    ) -> None:
        self._app = app
        self._routes = routes
        self._recognise = recognise
        self._origins = frozenset(allowed_origins)
        self._until_ended = until_ended

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        try:
            caller = self._recognise(scope)
            scope = {**scope, CALLER: caller}
            self._check(scope, caller)
        except ProblemError as error:
            await refuse(error, scope, receive, send)
            return
        key = caller.key
        if key is not None:
            receive = _ending(receive, lambda: self._until_ended(key), f"{scope['type']}.disconnect")
        await self._app(scope, receive, send)

    def _check(self, scope: Connection, caller: Caller) -> None:
        socket = scope["type"] == "websocket"
        changes = not socket and scope["method"] not in SAFE
        headers = Headers(scope=scope)
        if (changes or socket) and not caller.bearer:
            error = cross_origin(headers, self._origins) or (form_type(headers) if changes else None)
            if error is not None:
                raise error
        needed = Scope.CONTROL if changes else Scope.READ
        if needed in caller.scopes:
            return
        route = next((route for route in self._routes if route.matches(scope)[0] is Match.FULL), None)
        if route is None:
            return  # the application says that there is nothing
        if getattr(route, "openapi_extra", None) != OPEN:
            raise refusal(needed, caller)
        if changes:
            _check_size(headers)


def _ending(receive: Receive, end: Callable[[], Awaitable[None]], disconnect: str) -> Receive:
    """What is received until the end; then it is as if the client had gone, which ends streams and WebSockets."""

    async def received() -> Message:
        message, ended = asyncio.ensure_future(receive()), asyncio.ensure_future(end())
        try:
            await asyncio.wait([message, ended], return_when=asyncio.FIRST_COMPLETED)
            return message.result() if message.done() else {"type": disconnect, "code": POLICY_VIOLATION}
        finally:
            message.cancel()
            ended.cancel()

    return received


def _check_size(headers: Headers) -> None:
    if "transfer-encoding" in headers:
        raise ProblemError(HTTPStatus.LENGTH_REQUIRED, "length-required", "send this with its Content-Length")
    if int(headers.get("content-length", "0")) > MOST_FROM_STRANGERS:
        raise ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", f"this takes {MOST_FROM_STRANGERS} bytes at most"
        )
