"""The live stream as a WebSocket: the same events as those of `/api/v1/stream`."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import orjson
import pytest
from meterkast_api.access.scopes import Caller
from meterkast_api.stream import Frame, Stream, Wish
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.api.houses import NOON, TOPICS, House, house, reading
from tests.brokers import Broker


def live(here: House, query: str = "", **options: Any) -> connect:
    return connect(f"ws://127.0.0.1:{here.service.port}/api/v1/live{query}", proxy=None, **options)


async def received(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(10):
        message: dict[str, Any] = orjson.loads(await socket.recv())
        return message


async def until(socket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    found = [await received(socket)]
    while found[-1]["event"] != kind:
        found.append(await received(socket))
    return found


async def published(here: House, count: int) -> None:
    async def so_many() -> bool:
        return here.service.stream.position.endswith(b"-%d" % count)

    await here.until(so_many)


async def test_the_present_state_comes_first_and_then_what_happens(mosquitto: Broker) -> None:
    """State without ids, `live` with the id to resume from, then each event with its own."""
    async with house(mosquitto) as here:
        first = await here.send_reading(power=1)
        await here.publish(TOPICS.status("home"), "online", retain=True)
        await published(here, 2)
        async with live(here) as socket:
            state = await until(socket, "live")
            assert [message["event"] for message in state] == ["status", "reading", "live"]
            assert state[1] == {"event": "reading", "data": orjson.loads(first)}
            assert state[2]["id"] == here.service.stream.position.decode()
            second = reading(power=2, at=NOON + timedelta(seconds=1))
            await here.publish(TOPICS.reading("home"), second)
            text = await socket.recv()
            assert isinstance(text, str)
            assert second in text.encode(), "decimals are those of the bus, digit by digit"
            assert orjson.loads(text)["id"].endswith("-3")


async def test_events_are_those_of_the_other_stream(mosquitto: Broker) -> None:
    """The query limits gateways and adds kinds as it does there."""
    async with house(mosquitto) as here, live(here, "?gateway=home&gateway=shed&telegrams=true") as socket:
        await until(socket, "live")
        await here.send_reading(gateway="other")
        await here.publish(TOPICS.telegram("shed"), b"/XMX\xe9\r\n!\r\n")
        await here.send_reading(gateway="home")
        telegram = await received(socket)
        assert telegram["data"]["telegram"] == "/XMX\u00e9\r\n!\r\n"
        assert "id" not in telegram
        assert (await received(socket))["data"]["gateway"] == "home"


async def test_a_client_resumes_where_it_was(mosquitto: Broker) -> None:
    """With `resume` a client gets exactly what it missed; an id of another life gives a reset and the state."""
    async with house(mosquitto) as here:
        async with live(here) as socket:
            await here.send_reading(power=1)
            last_id = (await until(socket, "reading"))[-1]["id"]
        for second in (2, 3):
            await here.send_reading(power=second, at=NOON + timedelta(seconds=second))
        await published(here, 3)
        async with live(here, f"?resume={last_id}") as socket:
            await here.send_reading(power=4, at=NOON + timedelta(seconds=4))
            assert [(await received(socket))["data"]["power_import_w"] for _ in range(3)] == [2, 3, 4]
        async with live(here, "?resume=another-1") as socket:
            assert [message["event"] for message in await until(socket, "live")] == ["reset", "reading", "live"]


async def test_a_slow_client_gets_the_newest_state_and_delays_nobody(mosquitto: Broker) -> None:
    """Who does not read is skipped over and told so, while others get every event."""
    async with house(mosquitto, stream_queue=100) as here, live(here) as quick:
        await until(quick, "live")
        async with live(here, max_queue=1) as slow:
            for number in range(1000):
                here.bus.publish(TOPICS.reading("home"), _big_reading(number))
                if number % 50 == 49:
                    got = [(await received(quick))["data"]["power_import_w"] for _ in range(50)]
                    assert got == list(range(number - 49, number + 1))
            got_by_slow = await until(slow, "skipped")
            assert len(got_by_slow) < 1000
            assert (await until(slow, "live"))[-2]["data"]["power_import_w"] == 999


async def test_a_message_is_made_once_for_all_clients() -> None:
    """Clients are handed the very same text, and those of the other stream the very same bytes."""
    stream = Stream(list, buffer=10, queue=10, clients=2)
    first, second = (stream.subscribe(Wish(), stream.position.decode()) for _ in range(2))
    stream.publish(Frame("reading", "home", b"{}"))
    (one,), (other,) = [await client.next(1) or [] for client in (first, second)]
    assert one.text is other.text
    assert one.sse is other.sse


async def test_a_hundred_clients_get_every_event(mosquitto: Broker) -> None:
    """Each of many clients gets each reading, in order."""
    async with house(mosquitto) as here, AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(live(here)) for _ in range(100)]
        await asyncio.gather(*(until(socket, "live") for socket in sockets))
        for second in range(3):
            await here.send_reading(power=second, at=NOON + timedelta(seconds=second))
        for socket in sockets:
            assert [(await received(socket))["data"]["power_import_w"] for _ in range(3)] == [0, 1, 2]


async def test_nothing_is_compressed_per_message(mosquitto: Broker) -> None:
    """A client that offers deflate is answered without it: many clients would cost a compression each."""
    async with house(mosquitto) as here, live(here) as socket:
        assert socket.response is not None
        assert "Sec-WebSocket-Extensions" not in socket.response.headers


async def test_a_stop_closes_with_the_code_that_lets_clients_come_back(mosquitto: Broker) -> None:
    """1012 says that the service restarts."""
    async with house(mosquitto) as here, live(here) as socket:
        await until(socket, "live")
        await here.stop()
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012


async def test_what_a_client_says_is_not_kept(mosquitto: Broker) -> None:
    """Small talk is dropped, a message beyond 4 KB ends the connection."""
    async with house(mosquitto) as here, live(here) as socket:
        await until(socket, "live")
        for _ in range(100):
            await socket.send("hello")
        await here.send_reading()
        assert (await received(socket))["event"] == "reading"
        await socket.send("x" * 5000)
        with pytest.raises(ConnectionClosed):
            await socket.recv()


REFUSALS: list[tuple[str, dict[str, str], int, str]] = [
    ("?telegram=true", {}, 422, "telegram: there is no such parameter: did you mean telegrams?"),
    ("?gateway=No", {}, 422, "gateway.0: String should match pattern"),
    ("?services=perhaps", {}, 422, "services: use true or false"),
    ("", {"Origin": "https://evil.example"}, 403, "this comes from https://evil.example"),
    ("", {"Origin": "null"}, 403, "this comes from null"),
    ("", {"Host": "evil.example"}, 421, "this is not evil.example"),
]


async def test_a_refusal_is_a_problem(mosquitto: Broker) -> None:
    """The handshake is answered by what is wrong, in the form of every other error."""
    async with house(mosquitto) as here:
        for query, headers, status, sentence in REFUSALS:
            refusal = await _refused(here, query, headers)
            assert refusal.response.status_code == status
            assert refusal.response.headers["content-type"] == "application/problem+json"
            assert sentence in orjson.loads(refusal.response.body or b"")["detail"]
        assert here.service.stream.clients == 0


async def test_one_socket_too_many_is_refused(mosquitto: Broker) -> None:
    """The limit is that of all streams together."""
    async with house(mosquitto, max_streams=1) as here, live(here) as socket:
        await until(socket, "live")
        assert (await _refused(here, "", {})).response.status_code == 503


async def test_who_may_not_read_may_not_listen(mosquitto: Broker) -> None:
    """Without the scope there is no handshake."""
    nobody = Caller("anyone", frozenset(), known=False)
    async with house(mosquitto, caller=nobody) as here:
        assert (await _refused(here, "", {})).response.status_code == 401


async def test_a_request_that_is_no_handshake_is_told_what_to_do(mosquitto: Broker) -> None:
    """426 names both ways."""
    async with house(mosquitto) as here:
        answer = await here.get("/api/v1/live")
        assert answer.status_code == 426
        assert answer.headers["upgrade"] == "websocket"
        assert "or use /api/v1/stream" in answer.json()["detail"]


async def _refused(here: House, query: str, headers: dict[str, str]) -> InvalidStatus:
    origin = headers.get("Origin")
    if "Host" in headers:
        host = headers["Host"]
        uri = f"ws://{host}/api/v1/live{query}"
        opening = connect(uri, proxy=None, host="127.0.0.1", port=here.service.port)
    else:
        opening = live(here, query, additional_headers={"Origin": origin} if origin else {})
    with pytest.raises(InvalidStatus) as refused:
        await opening.__aenter__()
    return refused.value


def _big_reading(number: int) -> bytes:
    return b'{"gateway":"home","power_import_w":%d,"other":"%b"}' % (number, b"x" * 12_000)
