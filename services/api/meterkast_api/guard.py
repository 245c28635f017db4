"""What stands before every request: whose name we are called by, HEAD, and the headers that protect a browser."""

import ipaddress
import re
import socket
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from meterkast_runtime.metrics import Counter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meterkast_api.problems import ProblemError, refuse

REQUESTS = Counter("meterkast_api_requests", "HTTP requests answered", ["method", "status"])
HEAD_ONLY = "meterkast.head_only"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_SAME_ORIGIN = (b"cross-origin-resource-policy", b"same-origin")
_NOT_KEPT = (b"cache-control", b"no-store")


class Guard:
    """Wraps the app: checks the Host header (against DNS rebinding), turns HEAD into GET, adds the headers, counts."""

    def __init__(self, app: ASGIApp, hosts: "Hosts", *, shared: bool = False) -> None:
        self._app = app
        self._hosts = hosts
        self._headers = HEADERS if shared else (*HEADERS, _SAME_ORIGIN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        if scope["type"] == "websocket":
            await self._named_right(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "other"

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = list(message.get("headers", ()))
                present = {name.lower() for name, _ in headers}
                headers += [pair for pair in (*self._headers, _NOT_KEPT) if pair[0] not in present]
                REQUESTS.labels(method, message["status"]).inc()
            await send(message)

        if method == "HEAD":
            scope = {**scope, "method": "GET", HEAD_ONLY: True}
        await self._named_right(scope, receive, protected)

    async def _named_right(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        if self._hosts.allow(host):
            await self._app(scope, receive, send)
        else:
            await refuse(misdirected(host), scope, receive, send)


def misdirected(host: str) -> ProblemError:
    """A request came by a name that is not ours."""
    return ProblemError(
        HTTPStatus.MISDIRECTED_REQUEST,
        "unknown-host",
        f"this is not {host or 'a request with a Host header'!s}: "
        "if it should be, add the name to allowed_hosts in the section [api]",
    )


class Hosts:
    """The names we answer to; an address is always safe, since DNS rebinding needs a name."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(name.lower().rstrip(".") for name in names)

    @classmethod
    def of_this_machine(cls, further: Iterable[str]) -> "Hosts":
        """This machine's own names and the further ones of the settings."""
        own = socket.gethostname()
        return cls(("localhost", own, f"{own.partition('.')[0]}.local", *further))

    def allow(self, host: str) -> bool:
        """Whether the value of a Host header, with or without port, is one of us."""
        name = _hostname(host)
        if name is None:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return "*" in self._names or name in self._names
        return True


_HOST = re.compile(r"[A-Za-z0-9_.\-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")


def _hostname(host: str) -> str | None:
    if not _HOST.fullmatch(host):
        return None
    name = urlsplit(f"//{host}").hostname
    return name.rstrip(".") if name else None
