"""The live stream: each event is serialised once, kept a while for those who resume, and handed to every client."""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson
from meterkast_runtime.metrics import Counter, Gauge

OPEN = Gauge("meterkast_api_streams", "Open live streams")
SKIPPED = Counter("meterkast_api_stream_skipped_events", "Events that slow clients of the stream did not get")
REFUSED = Counter("meterkast_api_streams_refused", "Live streams refused, since there were too many")

HEARTBEAT = b": still here\n\n"
_RETRY = b"retry: 2000\n\n"


@dataclass(frozen=True, slots=True)
class Frame:
    """One event on the wire, without its id."""

    kind: str
    gateway: str
    wire: bytes

    @classmethod
    def of(cls, kind: str, gateway: str, data: bytes) -> "Frame":
        """Build the wire form; each line of the data becomes a data line."""
        lines = b"\ndata: ".join(data.splitlines()) if b"\n" in data or b"\r" in data else data
        return cls(kind, gateway, b"event: %b\ndata: %b\n\n" % (kind.encode(), lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a client wants to hear: these gateways (all where none is named), and telegrams or not."""

    gateways: frozenset[str] = frozenset()
    telegrams: bool = False

    def covers(self, frame: Frame) -> bool:
        """Whether the client is to get the frame."""
        return (not self.gateways or frame.gateway in self.gateways) and (self.telegrams or frame.kind != "telegram")


State = Callable[[frozenset[str]], Sequence[Frame]]


class TooManyStreamsError(Exception):
    """No further client can be served."""


class Stream:
    """All events of all gateways, in order; ids are `<boot>-<number>`, so that none comes twice in a life."""

    def __init__(self, state: State, *, buffer: int, queue: int, clients: int) -> None:
        self._state = state
        self._boot = secrets.token_hex(4)
        self._number = 0
        self._kept: deque[Frame] = deque(maxlen=buffer)
        self._queue = queue
        self._limit = clients
        self._clients: set[Subscription] = set()
        self._closed = False

    @property
    def clients(self) -> int:
        """How many clients listen."""
        return len(self._clients)

    @property
    def position(self) -> bytes:
        """Id of the newest event."""
        return f"{self._boot}-{self._number}".encode()

    def publish(self, frame: Frame) -> None:
        """Hand a frame to every client that wants it; telegrams are not kept and have no id."""
        wire = frame.wire
        if frame.kind != "telegram":
            self._number += 1
            self._kept.append(frame)
            wire = b"id: %b\n%b" % (self.position, wire)
        for client in self._clients:
            if client.wish.covers(frame):
                client.offer(wire)

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

    def present(self, wish: Wish) -> bytes:
        """The present state, ended by a `live` event that carries the id to resume from."""
        frames = self._state(wish.gateways)
        data = orjson.dumps({"gateways": sorted({frame.gateway for frame in frames})})
        live = b"id: %b\nevent: live\ndata: %b\n\n" % (self.position, data)
        return b"".join((*(frame.wire for frame in frames), live))

    def _opening(self, wish: Wish, last_id: str | None) -> bytes:
        if last_id is None:
            return _RETRY + self.present(wish)
        missed = self._since(last_id)
        if missed is None:
            reason = orjson.dumps({"reason": "the events since then are no longer kept", "last_event_id": last_id})
            return b"%bevent: reset\ndata: %b\n\n%b" % (_RETRY, reason, self.present(wish))
        first = self._number - len(missed) + 1
        return _RETRY + b"".join(
            b"id: %b-%d\n%b" % (self._boot.encode(), number, frame.wire)
            for number, frame in enumerate(missed, first)
            if wish.covers(frame)
        )

    def _since(self, last_id: str) -> list[Frame] | None:
        boot, _, number = last_id.partition("-")
        if boot != self._boot or not (number.isascii() and number.isdigit()):
            return None
        missed = self._number - int(number[:20])
        if not 0 <= missed <= len(self._kept):
            return None
        return list(self._kept)[len(self._kept) - missed :]


class Subscription:
    """One client's view: what waits for it, at most `limit` events, beyond that only the newest state."""

    def __init__(self, stream: Stream, wish: Wish, opening: bytes, *, limit: int) -> None:
        self.wish = wish
        self._stream = stream
        self._opening = opening
        self._waiting: deque[bytes] = deque()
        self._limit = limit
        self._skipped = 0
        self._wake = asyncio.Event()
        self._wake.set()
        self._closed = False

    def offer(self, wire: bytes) -> None:
        """Let an event wait for the client; of no effect on others however slow the client is."""
        if self._skipped or len(self._waiting) >= self._limit:
            self._skipped += len(self._waiting) + 1
            self._waiting.clear()
        else:
            self._waiting.append(wire)
        self._wake.set()

    def close(self) -> None:
        """End the stream; what still waits is not sent."""
        self._closed = True
        self._wake.set()

    async def chunk(self, heartbeat_s: float) -> bytes | None:
        """Return all that waits, a heartbeat comment after so many seconds of silence, None at the end."""
        if not self._wake.is_set():
            try:
                async with asyncio.timeout(heartbeat_s):
                    await self._wake.wait()
            except TimeoutError:
                return HEARTBEAT
        self._wake.clear()
        if self._closed:
            self._wake.set()
            return None
        if self._skipped:
            return self._catch_up()
        chunk = b"".join((self._opening, *self._waiting))
        self._opening = b""
        self._waiting.clear()
        return chunk

    def leave(self) -> None:
        """Stop listening."""
        self._stream.leave(self)

    def _catch_up(self) -> bytes:
        skipped, self._skipped = self._skipped, 0
        SKIPPED.inc(skipped)
        self._opening = b""
        return b'event: skipped\ndata: {"skipped":%d}\n\n%b' % (skipped, self._stream.present(self.wish))
