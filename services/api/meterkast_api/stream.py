"""The live stream: each event is serialised once, kept a while for those who resume, and handed to every client."""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import orjson
from meterkast_runtime.metrics import Counter, Gauge

OPEN = Gauge("meterkast_api_streams", "Open live streams")
SKIPPED = Counter("meterkast_api_stream_skipped_events", "Events that slow clients of the stream did not get")
REFUSED = Counter("meterkast_api_streams_refused", "Live streams refused, since there were too many")

ON_REQUEST = frozenset({"telegram", "service", "device", "rejected"})
"""Kinds of events that only those get who ask for them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One event: its kind, its gateway (`` for what concerns none), and its data as JSON."""

    kind: str
    gateway: str
    data: bytes


@dataclass(frozen=True)
class Notice:
    """A frame as it is sent, in both wire forms, each made once for all clients; without an id it is state."""

    frame: Frame
    id: bytes = b""

    @cached_property
    def sse(self) -> bytes:
        """As a server-sent event; each line of the data becomes a data line."""
        data = self.frame.data
        lines = b"\ndata: ".join(data.splitlines()) if b"\n" in data or b"\r" in data else data
        wire = b"event: %b\ndata: %b\n\n" % (self.frame.kind.encode(), lines)
        return b"id: %b\n%b" % (self.id, wire) if self.id else wire

    @cached_property
    def text(self) -> str:
        """As a WebSocket's message: `{"id", "event", "data"}`."""
        number = b'"id":"%b",' % self.id if self.id else b""
        return (b'{%b"event":"%b","data":%b}' % (number, self.frame.kind.encode(), self.frame.data)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a client wants to hear: these gateways (all where none is named), and these kinds beside the usual ones."""

    gateways: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    def covers(self, frame: Frame) -> bool:
        """Whether the client is to get the frame."""
        return (not self.gateways or not frame.gateway or frame.gateway in self.gateways) and (
            frame.kind not in ON_REQUEST or frame.kind in self.kinds
        )


State = Callable[[], Iterable[Frame]]


class TooManyStreamsError(Exception):
    """No further client can be served."""


class Stream:
    """All events of all gateways, in order; ids are `<boot>-<number>`, so that none comes twice in a life."""

    def __init__(self, state: State, *, buffer: int, queue: int, clients: int) -> None:
        self._state = state
        self._boot = secrets.token_hex(4)
        self._number = 0
        self._kept: deque[Notice] = deque(maxlen=buffer)
        self._queue = queue
        self._limit = clients
        self._clients: set[Subscription] = set()
        self._closed = False

    @property
    def clients(self) -> int:
        """How many clients listen."""
        return len(self._clients)

    @property
    def watched(self) -> frozenset[str]:
        """The gateways that clients have named."""
        return frozenset().union(*(client.wish.gateways for client in self._clients))

    @property
    def position(self) -> bytes:
        """Id of the newest event."""
        return f"{self._boot}-{self._number}".encode()

    def publish(self, frame: Frame) -> None:
        """Hand a frame to every client that wants it; telegrams are not kept and have no id."""
        if frame.kind == "telegram":
            notice = Notice(frame)
        else:
            self._number += 1
            notice = Notice(frame, self.position)
            self._kept.append(notice)
        for client in self._clients:
            if client.wish.covers(frame):
                client.offer(notice)

    def subscribe(self, wish: Wish, last_id: str | None) -> "Subscription":
        """Add a client; the first thing it gets is what it missed, or the present state where that is unknown."""
        if len(self._clients) >= self._limit:
            REFUSED.inc()
            raise TooManyStreamsError
        client = Subscription(self, wish, self._opening(wish, last_id), limit=self._queue)
        if self._closed:
            client.close()
        self._clients.add(client)
        OPEN.inc()
        return client

    def leave(self, client: "Subscription") -> None:
        """Remove a client."""
        if client in self._clients:
            self._clients.remove(client)
            OPEN.dec()

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        for client in self._clients:
            client.close()

    def present(self, wish: Wish) -> list[Notice]:
        """The present state, ended by a `live` event that carries the id to resume from."""
        frames = [frame for frame in self._state() if wish.covers(frame)]
        data = orjson.dumps({"gateways": sorted({frame.gateway for frame in frames if frame.gateway})})
        return [*map(Notice, frames), Notice(Frame("live", "", data), self.position)]

    def _opening(self, wish: Wish, last_id: str | None) -> list[Notice]:
        if last_id is None:
            return self.present(wish)
        missed = self._since(last_id)
        if missed is None:
            reason = orjson.dumps({"reason": "the events since then are no longer kept", "last_event_id": last_id})
            return [Notice(Frame("reset", "", reason)), *self.present(wish)]
        return [notice for notice in missed if wish.covers(notice.frame)]

    def _since(self, last_id: str) -> list[Notice] | None:
        boot, _, number = last_id.partition("-")
        if boot != self._boot or not (number.isascii() and number.isdigit()):
            return None
        missed = self._number - int(number[:20])
        if not 0 <= missed <= len(self._kept):
            return None
        return list(self._kept)[len(self._kept) - missed :]


class Subscription:
    """One client's view: what waits for it, at most `limit` events, beyond that only the newest state."""

    def __init__(self, stream: Stream, wish: Wish, opening: Sequence[Notice], *, limit: int) -> None:
        self.wish = wish
        self._stream = stream
        self._opening = opening
        self._waiting: deque[Notice] = deque()
        self._limit = limit
        self._skipped = 0
        self._wake = asyncio.Event()
        self._wake.set()
        self._closed = False

    def offer(self, notice: Notice) -> None:
        """Let an event wait for the client; of no effect on others however slow the client is."""
        if self._skipped or len(self._waiting) >= self._limit:
            self._skipped += len(self._waiting) + 1
            self._waiting.clear()
        else:
            self._waiting.append(notice)
        self._wake.set()

    def close(self) -> None:
        """End the stream; what still waits is not sent."""
        self._closed = True
        self._wake.set()

    async def next(self, silence_s: float) -> list[Notice] | None:
        """Return all that waits, nothing after so many seconds of silence, None at the end."""
        if not self._wake.is_set():
            try:
                async with asyncio.timeout(silence_s):
                    await self._wake.wait()
            except TimeoutError:
                return []
        self._wake.clear()
        if self._closed:
            self._wake.set()
            return None
        if self._skipped:
            return self._catch_up()
        notices = [*self._opening, *self._waiting]
        self._opening = ()
        self._waiting.clear()
        return notices

    def leave(self) -> None:
        """Stop listening."""
        self._stream.leave(self)

    def _catch_up(self) -> list[Notice]:
        skipped, self._skipped = self._skipped, 0
        SKIPPED.inc(skipped)
        self._opening = ()
        return [Notice(Frame("skipped", "", b'{"skipped":%d}' % skipped)), *self._stream.present(self.wish)]
