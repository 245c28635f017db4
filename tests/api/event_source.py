"""A client of server-sent events, as the HTML standard says to read them (§9.2.6)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson


@dataclass(frozen=True)
class SentEvent:
    """One event: its type, data, and the last id seen when it came."""

    kind: str
    data: str
    last_id: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.data)


class EventSource:
    """Events of one open stream, and the comments between them."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.comments: list[str] = []
        self.last_id = ""
        self._events = self._read()

    async def next(self, *kinds: str, within_s: float = 10) -> SentEvent:
        """Return the next event, of one of the kinds where any is given."""
        async with asyncio.timeout(within_s):
            while True:
                event = await anext(self._events)
                if not kinds or event.kind in kinds:
                    return event

    async def until(self, kind: str) -> list[SentEvent]:
        """Return the events up to and including the next of this kind."""
        found = [await self.next()]
        while found[-1].kind != kind:
            found.append(await self.next())
        return found

    async def rest(self) -> list[SentEvent]:
        """Return what still comes before the other side ends the stream."""
        return [event async for event in self._events]

    async def aclose(self) -> None:
        """Stop reading."""
        await self._events.aclose()

    async def _read(self) -> AsyncGenerator[SentEvent, None]:
        kind, data = "", list[str]()
        async for line in self.response.aiter_lines():
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if line.startswith(":"):
                self.comments.append(value)
            elif name == "id":
                self.last_id = value
            elif name == "event":
                kind = value
            elif name == "data":
                data.append(value)
            elif not line:
                if data:
                    yield SentEvent(kind or "message", "\n".join(data), self.last_id)
                kind, data = "", []


@asynccontextmanager
async def event_source(
    client: httpx.AsyncClient, *, last_id: str | None = None, **parameters: Any
) -> AsyncIterator[EventSource]:
    """Open the live stream."""
    headers = {"Accept": "text/event-stream"} | ({} if last_id is None else {"Last-Event-ID": last_id})
    async with client.stream("GET", "/api/v1/stream", params=parameters, headers=headers) as response:
        events = EventSource(response)
        try:
            yield events
        finally:
            await events.aclose()
