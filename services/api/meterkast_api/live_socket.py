"""A live stream as a WebSocket: one message per event."""

import asyncio
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from meterkast_api.stream import Subscription

SERVICE_RESTART = 1012
"""Close code of a server that ends, after which clients connect anew (IANA's WebSocket registry)."""


async def send_live(socket: WebSocket, subscription: Subscription, *, silence_s: float) -> None:
    """Send what a subscription holds until the client goes or the stream ends; what the client says is not heard.

    The server's pings tell both sides that the other lives.
    """
    await socket.accept()
    gone = asyncio.create_task(_until_gone(socket, subscription))
    try:
        while (notices := await subscription.next(silence_s)) is not None:
            for notice in notices:
                await socket.send({"type": "websocket.send", "text": notice.text})
        with suppress(RuntimeError):  # the client has closed it by itself
            await socket.close(SERVICE_RESTART, "the server ends")
    except WebSocketDisconnect:
        return
    finally:
        subscription.leave()
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone


async def _until_gone(socket: WebSocket, subscription: Subscription) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
    subscription.close()
