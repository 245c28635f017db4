"""What no rule allows is refused: every route of the document, other pages, WebSockets, streams that go on."""

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from meterkast_api.access.gate import Gate
from meterkast_api.access.origin import cross_origin
from meterkast_api.access.recogniser import COOKIE
from meterkast_api.access.scopes import ANYONE, OPEN, STRANGER, Caller, Scope
from meterkast_api.generate import openapi_json
from meterkast_api.guard import Guard, Hosts
from starlette.datastructures import Headers
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Connection
from starlette.websockets import WebSocket

from tests.api.houses import House, house
from tests.brokers import Broker

DOCUMENT = json.loads(openapi_json())
OPERATIONS = [
    (method.upper(), path, operation.get("security") == [])
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
OPENED = {(method, path) for method, path, opened in OPERATIONS if opened}
GUARDED = [(method, re.sub(r"{\w+}", "any", path)) for method, path, opened in OPERATIONS if not opened]
PASSWORD = "correct horse"


def kind(answer: httpx.Response) -> tuple[int, str]:
    """Status and kind of a problem."""
    return answer.status_code, answer.json()["type"].removeprefix("urn:meterkast:problem:")


def test_only_the_way_in_is_open() -> None:
    """Nothing but health, who one is, logging in and out, and the gateways' signed firmware answers everybody."""
    assert {
        ("GET", "/health"),
        ("GET", "/api/v1/session"),
        ("POST", "/api/v1/session"),
        ("DELETE", "/api/v1/session"),
        ("POST", "/api/v1/password"),
        ("GET", "/api/v1/firmware/{version}/{file}"),
    } == OPENED


async def test_no_route_answers_without_a_login_where_one_is_required(mosquitto: Broker) -> None:
    """Each operation of the document refuses a stranger, whatever is sent."""
    async with house(mosquitto, password=PASSWORD, require_login=True) as here:
        assert len(GUARDED) > 10
        for method, path in GUARDED:
            for body in (b"", b"{}", b"nonsense"):
                answer = await here.client.request(method, path, content=body)
                assert kind(answer) == (401, "login-needed"), f"{method} {path}"


async def test_no_route_that_changes_answers_without_control(mosquitto: Broker) -> None:
    """Each operation that is not GET refuses whoever may only read, named or not."""
    changing = [operation for operation in GUARDED if operation[0] != "GET"]
    assert changing
    for caller, refused in (
        (ANYONE, (401, "login-needed")),
        (Caller("token ha", frozenset({Scope.READ})), (403, "not-allowed")),
    ):
        async with house(mosquitto, caller=caller) as here:
            for method, path in changing:
                assert kind(await here.client.request(method, path, json={})) == refused, f"{method} {path}"


async def test_what_is_not_there_is_told_to_everybody(mosquitto: Broker) -> None:
    """A stranger's wrong path or method is answered as such, not by a login that would not help."""
    async with house(mosquitto, password=PASSWORD, require_login=True) as here:
        assert kind(await here.get("/nothing")) == (404, "not-found")
        assert kind(await here.client.post("/api/v1/meters")) == (405, "method-not-allowed")


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://allowed.example"}, True),
        ({"origin": "http://localhost:8080"}, True),
        ({"origin": "http://localhost:3000"}, False),
        ({"origin": "http://localhost"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://[::1"}, False),
        ({"origin": "http://localhost:8080.evil.example"}, False),
        ({"origin": "https://home.example", "host": "home.example"}, True),
        ({"origin": "https://home.example", "host": "home.example:443"}, True),
        ({"origin": "https://home.example:8443", "host": "home.example"}, False),
    ],
)
def test_only_our_own_page_changes_anything(headers: dict[str, str], ours: bool) -> None:  # noqa: FBT001 - a table
    """Another port is another origin; a program sends neither header; what a browser says of the site comes first."""
    given = Headers({"host": "localhost:8080", **headers})
    assert (cross_origin(given, {"https://allowed.example"}) is None) == ours


async def test_another_page_cannot_use_our_cookie(mosquitto: Broker) -> None:
    """A form or script of another origin is refused, even to log in; with a token it is a program, and may."""
    elsewhere = {"Origin": "https://evil.example"}
    async with house(mosquitto, password=PASSWORD) as here:
        login = {"password": PASSWORD}
        assert kind(await here.client.post("/api/v1/session", json=login, headers=elsewhere)) == (403, "cross-origin")
        assert (await here.client.post("/api/v1/session", json=login)).status_code == 204
        body = {"name": "ha", "scopes": ["control"]}
        assert kind(await here.client.post("/api/v1/tokens", json=body, headers=elsewhere)) == (403, "cross-origin")
        for form in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
            sent = await here.client.post("/api/v1/tokens", content=b"{}", headers={"Content-Type": form})
            assert kind(sent) == (403, "cross-origin"), form
        token = (await here.client.post("/api/v1/tokens", json=body)).json()["token"]
        here.client.cookies.clear()
        bearing = {**elsewhere, "Authorization": f"Bearer {token}"}
        assert (await here.client.delete("/api/v1/tokens/ha", headers=bearing)).status_code == 204


async def test_a_stranger_sends_little(mosquitto: Broker) -> None:
    """The routes that are open to all take some bytes, whose number must be said."""
    async with house(mosquitto, password=PASSWORD) as here:
        huge = await here.client.post("/api/v1/session", content=b" " * 20_000)
        assert kind(huge) == (413, "too-large")

        async def pieces() -> Any:
            yield b"{}"

        assert kind(await here.client.post("/api/v1/session", content=pieces())) == (411, "length-required")


async def frames(here: House, cookie: str) -> asyncio.Task[int]:
    """A live stream by this session, which has begun; the task gives the number of its lines when it has ended."""
    begun = asyncio.Event()

    async def read() -> int:
        lines = 0
        async with here.client.stream("GET", "/api/v1/stream", headers={"Cookie": f"{COOKIE}={cookie}"}) as answer:
            assert answer.status_code == 200
            async for _ in answer.aiter_lines():
                lines += 1
                begun.set()
        return lines

    task = asyncio.create_task(read())
    await begun.wait()
    return task


async def test_a_stream_ends_with_its_session(mosquitto: Broker) -> None:
    """Logging out ends what the session still listened to, and no other's."""
    async with house(mosquitto, password=PASSWORD, require_login=True) as here:
        cookies = []
        for _ in range(2):
            await here.client.post("/api/v1/session", json={"password": PASSWORD})
            cookies.append(here.client.cookies[COOKIE])
            here.client.cookies.clear()
        ends, goes_on = [await frames(here, cookie) for cookie in cookies]
        await here.client.delete("/api/v1/session", headers={"Cookie": f"{COOKIE}={cookies[0]}"})
        async with asyncio.timeout(5):
            assert await ends > 0
        assert not goes_on.done()
        await here.stop()
        await asyncio.wait([goes_on])


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("in")
    await socket.close()


async def _never(_key: bytes) -> None:
    await asyncio.Event().wait()


def _socket_app(caller: Caller) -> ASGIApp:
    routes = [WebSocketRoute("/live", _echo)]

    async def serve(scope: Connection, receive: Receive, send: Send) -> None:
        await routes[0].handle({**scope, **routes[0].matches(scope)[1]}, receive, send)

    gate = Gate(serve, routes, lambda _scope: caller, until_ended=_never)
    return Guard(gate, Hosts(["localhost"]))


async def _open(caller: Caller, headers: dict[str, str], *, denial: bool = True) -> list[Message]:
    """Open a WebSocket and return what the application sent."""
    sent: list[Message] = []
    scope = {
        "type": "websocket",
        "path": "/live",
        "headers": [(k.encode(), v.encode()) for k, v in {"host": "localhost:8080", **headers}.items()],
        "extensions": {"websocket.http.response": {}} if denial else {},
        "subprotocols": [],
    }

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await _socket_app(caller)(scope, receive, send)
    return sent


@pytest.mark.parametrize(
    ("caller", "headers", "status"),
    [
        (STRANGER, {}, 401),
        (ANYONE, {"origin": "https://evil.example"}, 403),
        (ANYONE, {"sec-fetch-site": "cross-site"}, 403),
        (ANYONE, {"host": "evil.example"}, 421),
    ],
)
async def test_a_web_socket_is_refused_as_a_request_is(caller: Caller, headers: dict[str, str], status: int) -> None:
    """Browsers let any page open one, so that reading by it must be ours or a program's."""
    start, body = await _open(caller, headers)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", status)
    assert json.loads(body["body"])["status"] == status
    (close,) = await _open(caller, headers, denial=False)
    assert (close["type"], close["code"]) == ("websocket.close", 1008)


async def test_a_web_socket_of_our_page_or_a_program_is_let_in() -> None:
    """Same origin, or none at all."""
    ours: tuple[dict[str, str], ...] = ({}, {"origin": "http://localhost:8080", "sec-fetch-site": "same-origin"})
    for headers in ours:
        accepted, *_ = await _open(ANYONE, headers)
        assert accepted["type"] == "websocket.accept"


async def test_a_web_socket_is_told_when_its_session_ends() -> None:
    """It is as if the client had gone."""
    ended = asyncio.Event()
    seen: list[Message] = []

    async def app(_scope: Connection, receive: Receive, _send: Send) -> None:
        ended.set()
        seen.append(await receive())

    async def until_ended(key: bytes) -> None:
        assert key == b"key"
        await ended.wait()

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(_message: Message) -> None:
        raise AssertionError

    caller = Caller("owner", frozenset(Scope), key=b"key")
    gate = Gate(app, [], lambda _scope: caller, until_ended=until_ended)
    await gate({"type": "websocket", "path": "/live", "headers": []}, receive, send)
    assert seen == [{"type": "websocket.disconnect", "code": 1008}]


async def test_a_route_of_an_unknown_kind_is_not_open() -> None:
    """Only a route that says so in the document is open to all."""
    reached = []

    async def endpoint(_scope: Connection, _receive: Receive, _send: Send) -> None:
        reached.append("endpoint")

    async def nothing(*_: object) -> Message:
        raise AssertionError

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    route = Route("/open", lambda _request: None)
    gate = Gate(endpoint, [route], lambda _scope: STRANGER, until_ended=_never)
    scope = {"type": "http", "method": "GET", "path": "/open", "headers": []}
    await gate(scope, nothing, send)
    assert (sent[0]["status"], reached) == (401, [])
    route.openapi_extra = OPEN  # type: ignore[attr-defined]
    await gate(scope, nothing, send)
    assert reached == ["endpoint"]
