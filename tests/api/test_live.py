"""The live stream, over real HTTP."""

import asyncio
import socket
import time
from contextlib import AsyncExitStack
from datetime import timedelta

from meterkast_contracts.messages import Event, EventKind

from tests.api.event_source import event_source
from tests.api.houses import NOON, TOPICS, House, house
from tests.brokers import Broker


async def test_the_present_state_comes_first_and_then_what_happens(mosquitto: Broker) -> None:
    """At connecting: status and last reading of each gateway, then `live`; then each reading as on the bus."""
    async with house(mosquitto) as here:
        first = await here.send_reading(power=1)
        await here.publish(TOPICS.status("home"), "online", retain=True)
        await here.until(lambda: _published(here, 2))
        async with event_source(here.client) as events:
            assert events.response.headers["content-type"] == "text/event-stream; charset=utf-8"
            assert "content-encoding" not in events.response.headers
            state = await events.until("live")
            assert [event.kind for event in state] == ["status", "reading", "live"]
            assert state[0].json == {"gateway": "home", "status": "online"}
            assert state[1].data.encode() == first
            assert state[2].json == {"gateways": ["home"]}
            second = await here.send_reading(power=2, at=NOON + timedelta(seconds=1))
            assert (await events.next()).data.encode() == second


async def test_a_client_hears_of_its_gateways_only(mosquitto: Broker) -> None:
    """`gateway=` limits both the present state and what follows."""
    async with house(mosquitto) as here:
        await here.send_reading(gateway="other")
        async with event_source(here.client, gateway="home") as events:
            assert [event.kind for event in await events.until("live")] == ["live"]
            await here.send_reading(gateway="other", power=7, at=NOON + timedelta(seconds=1))
            await here.send_reading(gateway="home")
            assert (await events.next()).json["gateway"] == "home"


async def test_events_are_sent_as_on_the_bus(mosquitto: Broker) -> None:
    """A logbook event reaches the stream untouched."""
    event = Event(gateway="home", kind=EventKind.TARIFF_SWITCH, at=NOON, text="Tariff 1 begins.").to_json()
    async with house(mosquitto) as here, event_source(here.client) as events:
        await events.until("live")
        await here.publish(TOPICS.event("home"), event)
        assert (await events.next("event")).data.encode() == event


async def test_telegrams_are_sent_to_those_who_ask(mosquitto: Broker) -> None:
    """`telegrams=true` adds the raw telegram as JSON text; others do not get it."""
    async with (
        house(mosquitto) as here,
        event_source(here.client, telegrams="true") as asked,
        event_source(here.client) as silent,
    ):
        await asked.until("live")
        await silent.until("live")
        await here.publish(TOPICS.telegram("home"), b"/XMX\xe9\r\n!\r\n")
        await here.send_reading()
        telegram = await asked.next()
        assert telegram.kind == "telegram"
        assert telegram.json["telegram"] == "/XMX\u00e9\r\n!\r\n"
        assert (await silent.next()).kind == "reading"


async def test_a_reading_that_comes_late_is_sent_as_late(mosquitto: Broker) -> None:
    """What is older than the newest reading does not pose as the present."""
    async with house(mosquitto) as here, event_source(here.client) as events:
        await here.send_reading()
        await events.next("reading")
        old = await here.send_reading(at=NOON - timedelta(minutes=1))
        late = await events.next()
        assert (late.kind, late.data.encode()) == ("late", old)


async def test_the_same_reading_is_sent_once(mosquitto: Broker) -> None:
    """A retained message that the broker repeats is no news."""
    async with house(mosquitto) as here, event_source(here.client) as events:
        await events.until("live")
        await here.send_reading(power=1)
        await here.send_reading(power=1)
        await here.send_reading(power=2)
        assert [(await events.next()).json["power_import_w"] for _ in range(2)] == [1, 2]


async def test_a_client_resumes_where_it_was(mosquitto: Broker) -> None:
    """With Last-Event-ID a client gets exactly what it missed, and no state again."""
    async with house(mosquitto) as here:
        async with event_source(here.client) as events:
            await here.send_reading(power=1)
            last_id = (await events.next("reading")).last_id
        await here.send_reading(power=2, at=NOON + timedelta(seconds=1))
        await here.send_reading(power=3, at=NOON + timedelta(seconds=2))
        await here.until(lambda: _published(here, 3))
        async with event_source(here.client, last_id=last_id) as events:
            await here.send_reading(power=4, at=NOON + timedelta(seconds=3))
            again = [await events.next() for _ in range(3)]
            assert [event.json["power_import_w"] for event in again] == [2, 3, 4]
            assert len({event.last_id for event in again}) == 3


async def test_a_client_that_cannot_set_headers_resumes_by_the_query(mosquitto: Broker) -> None:
    """`resume=` is the same as Last-Event-ID."""
    async with house(mosquitto) as here:
        async with event_source(here.client) as events:
            await here.send_reading(power=1)
            last_id = (await events.next("reading")).last_id
        second = await here.send_reading(power=2, at=NOON + timedelta(seconds=1))
        await here.until(lambda: _published(here, 2))
        async with event_source(here.client, resume=last_id) as events:
            assert (await events.next()).data.encode() == second


async def test_resuming_right_after_the_state_repeats_nothing(mosquitto: Broker) -> None:
    """The id of `live` stands for all that came before it."""
    async with house(mosquitto) as here:
        await here.send_reading(power=1)
        await here.until(lambda: _published(here, 1))
        async with event_source(here.client) as events:
            last_id = (await events.next("live")).last_id
        async with event_source(here.client, last_id=last_id) as events:
            await here.send_reading(power=2, at=NOON + timedelta(seconds=1))
            assert (await events.next()).json["power_import_w"] == 2


async def test_a_client_that_cannot_resume_is_told_and_gets_the_state(mosquitto: Broker) -> None:
    """An id of another life, or none at all, gives `reset` and the present state."""
    async with house(mosquitto) as here:
        await here.send_reading()
        await here.until(lambda: _published(here, 1))
        boot = here.service.stream.position.partition(b"-")[0].decode()
        for last_id in ("another-1", "nonsense", "-", f"{boot}-2", f"{boot}-{'9' * 30}", f"{boot}--1", f"{boot}-x"):
            async with event_source(here.client, last_id=last_id) as events:
                assert [event.kind for event in await events.until("live")] == ["reset", "reading", "live"]


async def test_what_is_no_longer_kept_gives_a_reset(mosquitto: Broker) -> None:
    """Beyond the buffer nothing can be resumed."""
    async with house(mosquitto, stream_buffer=3) as here:
        async with event_source(here.client) as events:
            await here.send_reading(power=0)
            last_id = (await events.next("reading")).last_id
        for second in range(1, 5):
            await here.send_reading(power=second, at=NOON + timedelta(seconds=second))
        await here.until(lambda: _published(here, 5))
        async with event_source(here.client, last_id=last_id) as events:
            assert (await events.next()).kind == "reset"
            assert (await events.next("reading")).json["power_import_w"] == 4


async def test_silence_is_filled_with_heartbeats(mosquitto: Broker) -> None:
    """A comment comes after so many seconds without events, so that both sides know the connection lives."""
    async with house(mosquitto, heartbeat_s=0.05) as here, event_source(here.client) as events:
        await events.until("live")
        waiting = asyncio.create_task(events.next("reading"))

        async def three() -> bool:
            return len(events.comments) >= 3

        await here.until(three)
        await here.send_reading()
        await waiting


async def test_a_slow_client_gets_the_newest_state_and_delays_nobody(mosquitto: Broker) -> None:
    """Who does not read is skipped over and told so, while others get every event."""
    async with house(mosquitto, stream_queue=100) as here, event_source(here.client) as quick:
        await quick.until("live")
        slow = await _open_and_do_not_read(here)
        count = 1000
        for number in range(count):
            here.bus.publish(TOPICS.reading("home"), _big_reading(number))
            if number % 50 == 49:
                got = [(await quick.next()).json["power_import_w"] for _ in range(50)]
                assert got == list(range(number - 49, number + 1))
        received = await _read_until(slow, b'"power_import_w":%d,' % (count - 1))
        slow.close()
        assert b"event: skipped\ndata: {" in received
        assert received.count(b"event: reading") < count
        assert here.service.stream.clients == 1 or await _left(here, 1)


async def test_a_hundred_clients_get_every_event(mosquitto: Broker) -> None:
    """Each of many clients gets each reading, in order."""
    async with house(mosquitto) as here, AsyncExitStack() as stack:
        all_events = [await stack.enter_async_context(event_source(here.client)) for _ in range(100)]
        await asyncio.gather(*(events.until("live") for events in all_events))
        for second in range(5):
            await here.send_reading(power=second, at=NOON + timedelta(seconds=second))
        for events in all_events:
            assert [(await events.next()).json["power_import_w"] for _ in range(5)] == list(range(5))


async def test_more_streams_than_allowed_are_refused(mosquitto: Broker) -> None:
    """The limit gives a problem that says what to do, and one place is free again when a client goes."""
    async with house(mosquitto, max_streams=1) as here:
        async with event_source(here.client) as events:
            await events.until("live")
            refused = await here.get("/api/v1/stream")
            assert refused.status_code == 503
            assert refused.json()["type"] == "urn:meterkast:problem:too-many-streams"
        await _left(here, 0)
        async with event_source(here.client) as events:
            await events.until("live")


async def test_a_stop_ends_open_streams_in_order_within_two_seconds(mosquitto: Broker) -> None:
    """Readers see a proper end; one that does not read is cut off."""
    async with house(mosquitto) as here, AsyncExitStack() as stack:
        all_events = [await stack.enter_async_context(event_source(here.client)) for _ in range(20)]
        await asyncio.gather(*(events.until("live") for events in all_events))
        slow = await _open_and_do_not_read(here)
        for number in range(800):
            here.bus.publish(TOPICS.reading("home"), _big_reading(number))
        await here.bus.flush()
        began = time.monotonic()
        reading = [asyncio.create_task(events.rest()) for events in all_events]
        await here.stop()
        assert time.monotonic() - began < 2
        await asyncio.gather(*reading)
        slow.close()


async def test_asking_for_the_head_of_a_stream_does_not_open_it(mosquitto: Broker) -> None:
    """HEAD answers at once."""
    async with house(mosquitto) as here:
        answer = await here.client.head("/api/v1/stream")
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        await _left(here, 0)


def _big_reading(number: int) -> bytes:
    return b'{"gateway":"home","power_import_w":%d,"other":"%b"}' % (number, b"x" * 12_000)


async def _open_and_do_not_read(here: House) -> socket.socket:
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.setblocking(False)  # noqa: FBT003 - the name of the standard library
    loop = asyncio.get_running_loop()
    before = here.service.stream.clients
    await loop.sock_connect(slow, ("127.0.0.1", here.service.port))
    await loop.sock_sendall(slow, b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await _left(here, before + 1)
    return slow


async def _read_until(slow: socket.socket, wanted: bytes) -> bytes:
    received = b""
    async with asyncio.timeout(20):
        while wanted not in received:
            received += await asyncio.get_running_loop().sock_recv(slow, 1 << 16)
    return received


async def _published(here: House, count: int) -> bool:
    return here.service.stream.position.endswith(b"-%d" % count)


async def _left(here: House, count: int) -> bool:
    async def so_many() -> bool:
        return here.service.stream.clients == count

    await here.until(so_many)
    return True
