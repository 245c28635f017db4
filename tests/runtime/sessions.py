"""What the tests of the MQTT session share."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from meterkast_runtime.backoff import Backoff
from meterkast_runtime.mqtt import Message, MqttSession, MqttSettings

from tests.brokers import Broker


def settings_for(broker: Broker, **more: object) -> MqttSettings:
    """Settings that reach the broker."""
    return MqttSettings.model_validate({"host": broker.host, "port": broker.port, **more})


def quick() -> Backoff:
    """Short waits between tries."""
    return Backoff(0.05, 0.1)


async def take(session: MqttSession, count: int, *, ack: bool = True) -> list[Message]:
    """Receive `count` messages."""
    taken: list[Message] = []
    async with asyncio.timeout(30):
        async for message in session.messages():
            if ack:
                message.ack()
            taken.append(message)
            if len(taken) == count:
                break
    return taken


async def until(condition: Callable[[], object], within_s: float = 30) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - the condition is not ours to signal
            await asyncio.sleep(0.01)


def payloads(messages: list[Message]) -> list[bytes]:
    """The messages' payloads, in order."""
    return [message.payload for message in messages]


@contextlib.asynccontextmanager
async def impostor(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[MqttSettings]:
    """Serve connections by what `answer` does; gives settings that reach it."""
    handlers: set[asyncio.Task[None] | None] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        with contextlib.suppress(asyncio.CancelledError):
            await answer(reader, writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield MqttSettings(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for handler in handlers:
            if handler is not None:
                handler.cancel()
                await asyncio.wait([handler])
        await server.wait_closed()
