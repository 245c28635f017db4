"""The REST API as its client sees it: one pool of connections for everything the console does."""

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Self

from pydantic import SecretStr

from meterkast_console.errors import ApiAwayError, ApiRefusedError
from meterkast_console.sse import ServerEvent, server_events

if TYPE_CHECKING:
    import httpx

COOKIE = "meterkast_session"
CONNECT_S = 5.0
READ_S = 60.0
SILENCE_S = 45.0
"""The API's stream says something every 15 s, if only a comment."""

Query = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pass:
    """By what somebody is let in: headers that go with each request, which no `repr` shows."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of_token(cls, token: SecretStr | None) -> Self:
        """A token's, or nobody's."""
        return cls({"Authorization": f"Bearer {token.get_secret_value()}"} if token else {})


class Pool:
    """Connections to the API at an address; the HTTP library is loaded when it is first needed."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Nothing is opened yet."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.aclose()

    async def client(self) -> "httpx.AsyncClient":
        """The HTTP client, made once."""
        async with self._opening:
            if self._client is None:
                library = await asyncio.to_thread(importlib.import_module, "httpx")
                limits = library.Limits(max_connections=None, max_keepalive_connections=8)
                timeout = library.Timeout(READ_S, connect=CONNECT_S)
                self._client = library.AsyncClient(
                    base_url=self.address, limits=limits, timeout=timeout, cookies=_no_cookies(), trust_env=False
                )
            assert self._client is not None  # noqa: S101 - just made
            return self._client


class Api:
    """The API as one caller: by the console's own token, or by the session of somebody who has logged in."""

    def __init__(self, pool: Pool, entry: Pass) -> None:
        self._pool = pool
        self._entry = entry

    async def json(self, path: str, query: Query | None = None) -> Any:
        """What a GET answers, decimals exact; raises ApiError."""
        return _exact(await self.raw(path, query))

    async def raw(self, path: str, query: Query | None = None) -> bytes:
        """What a GET answers, as it came; raises ApiError."""
        return await self._request("GET", path, query)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What a POST answers, None for nothing; raises ApiError."""
        answer = await self._request("POST", path, None, body)
        return _exact(answer) if answer else None

    async def order(self, gateway: str, command: str) -> None:
        """Send an order to a gateway by way of the broker; raises ApiError where it was not sent."""
        await self.post(f"/api/v1/meters/{gateway}/command/{command}")

    @asynccontextmanager
    async def download(self, path: str, query: Query | None = None) -> AsyncIterator[AsyncIterator[bytes]]:
        """The answer to a GET piece by piece; raises ApiError, also in the middle."""
        async with self._answer("GET", path, query) as response:
            yield response.aiter_bytes()

    async def events(self, query: Query | None = None) -> AsyncIterator[ServerEvent]:
        """The live stream from the present state on, until it ends; raises ApiError when it breaks."""
        async with self._answer("GET", "/api/v1/stream", query, silence_s=SILENCE_S) as response:
            async for event in server_events(response.aiter_lines()):
                yield event

    async def log_in(self, password: str, *, client: str) -> "Api":
        """The API as whoever knows the password, counted as an attempt from the client's address; raises ApiError."""
        headers = {"X-Forwarded-For": client}
        async with self._answer("POST", "/api/v1/session", None, body={"password": password}, extra=headers) as answer:
            secret = answer.cookies.get(COOKIE)
        if secret is None:
            raise ApiRefusedError(HTTPStatus.BAD_GATEWAY, "no-session", "the API has let in without a session")
        return Api(self._pool, Pass({"Cookie": f"{COOKIE}={secret}"}))

    async def log_out(self) -> None:
        """End the session by which this caller came; raises ApiError."""
        await self._request("DELETE", "/api/v1/session", None)

    async def _request(
        self, method: str, path: str, query: Query | None, body: Mapping[str, Any] | None = None
    ) -> bytes:
        async with self._answer(method, path, query, body=body) as response:
            return await response.aread()

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        query: Query | None,
        *,
        body: Mapping[str, Any] | None = None,
        extra: Mapping[str, str] | None = None,
        silence_s: float | None = None,
    ) -> AsyncIterator["httpx.Response"]:
        client = await self._pool.client()
        httpx = importlib.import_module("httpx")
        timeout = httpx.Timeout(silence_s or READ_S, connect=CONNECT_S)
        headers = {**self._entry.headers, **(extra or {})}
        try:
            async with client.stream(
                method, path, params=_plain(query), json=body, headers=headers, timeout=timeout
            ) as response:
                if response.status_code >= HTTPStatus.BAD_REQUEST:
                    raise _refusal(response.status_code, await response.aread())
                yield response
        except httpx.HTTPError as error:
            raise ApiAwayError(self._pool.address, str(error) or type(error).__name__) from error


def _no_cookies() -> CookieJar:
    """A jar that takes none: one caller's session must never go with another's request."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def _plain(query: Query | None) -> dict[str, Any]:
    """Query parameters as the API reads them: true and false in small letters."""
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in (query or {}).items()}


def _exact(body: bytes) -> Any:
    return json.loads(body, parse_float=Decimal)


def _refusal(status: int, body: bytes) -> ApiRefusedError:
    try:
        problem = json.loads(body)
        return ApiRefusedError(status, str(problem["type"]).rpartition(":")[2], str(problem["detail"]))
    except (ValueError, KeyError, TypeError):
        return ApiRefusedError(status, "http", f"the API has answered {status}")
