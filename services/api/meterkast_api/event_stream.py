"""A live stream as an HTTP answer (`text/event-stream`)."""

import asyncio
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from meterkast_api.guard import HEAD_ONLY
from meterkast_api.stream import Subscription

RETRY = b"retry: 2000\n\n"
HEARTBEAT = b": still here\n\n"
HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
)


class EventStream(Response):
    """Sends what a subscription holds until the client goes or the stream ends."""

    media_type = "text/event-stream"

    def __init__(self, subscription: Subscription, *, heartbeat_s: float) -> None:
        super().__init__()
        self._subscription = subscription
        self._heartbeat_s = heartbeat_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the client; a client that reads slowly holds up only itself."""
        if scope.get(HEAD_ONLY):
            self._subscription.close()
        gone = asyncio.create_task(self._until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
            await send({"type": "http.response.body", "body": RETRY, "more_body": True})
            while (notices := await self._subscription.next(self._heartbeat_s)) is not None:
                chunk = b"".join(notice.sse for notice in notices) or HEARTBEAT
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._subscription.leave()
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._subscription.close()
