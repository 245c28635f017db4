"""What a reverse proxy before us says of the request: whose it is, by which name and scheme, under which path."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from meterkast_api.guard import Hosts, misdirected
from meterkast_api.problems import refuse


class Entrance:
    """Takes `X-Forwarded-For`, `-Proto` and `-Host` from trusted proxies, and puts every path under the prefix.

    A proxy may strip the prefix or leave it.
    """

    def __init__(self, app: ASGIApp, *, hosts: Hosts, prefix: str, trusted: Sequence[str]) -> None:
        inner: Any = app  # uvicorn's types of an application are its own
        self._inner = ProxyHeadersMiddleware(inner, list(trusted))
        self._hosts = hosts
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        scope = _under(self._prefix, dict(scope))
        host = self._forwarded_host(scope)
        if host is not None:
            if not self._hosts.allow(host):
                await refuse(misdirected(host), scope, receive, send)
                return
            others = [pair for pair in scope["headers"] if pair[0] != b"host"]
            scope["headers"] = [(b"host", host.encode("latin-1")), *others]
        if self._prefix and scope["path"] == self._prefix and scope["type"] == "http":
            query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
            redirect = RedirectResponse(f"{self._prefix}/{query}", HTTPStatus.PERMANENT_REDIRECT)
            await redirect(scope, receive, send)
            return
        inner: Any = self._inner
        await inner(scope, receive, send)

    def _forwarded_host(self, scope: Scope) -> str | None:
        client = scope.get("client")
        if client is None or client[0] not in self._inner.trusted_hosts:
            return None
        value = next((value for name, value in scope["headers"] if name == b"x-forwarded-host"), None)
        return None if value is None else value.decode("latin-1").partition(",")[0].strip()


def _under(prefix: str, scope: Scope) -> Scope:
    if not prefix:
        return scope
    path = scope["path"]
    if path != prefix and not path.startswith(f"{prefix}/"):
        scope["path"] = prefix + path
        scope["raw_path"] = prefix.encode() + (scope.get("raw_path") or path.encode())
    scope["root_path"] = prefix
    return scope
