"""A TCP proxy before a server: it passes all on, keeps silent, or answers itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.brokers import free_port

SILENCE = b""


class Proxy:
    """Passes bytes on while `answer` is None; SILENCE never answers, other bytes are the answer to every request."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self.answer: bytes | None = None
        self.passed = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self._server_port = port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection("127.0.0.1", self._server_port)
        back = asyncio.create_task(self._pass(there, writer))
        self.tasks |= {back, task} if (task := asyncio.current_task()) else {back}
        try:
            while data := await reader.read(65_536):
                if self.answer is None:
                    onward.write(data)
                elif self.answer:
                    writer.write(self.answer)
                    break
        finally:
            onward.close()
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            self.passed += len(data)
            writer.write(data)
        writer.close()


@asynccontextmanager
async def before(port: int) -> AsyncIterator[Proxy]:
    """Give a proxy before the server at a port."""
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", proxy.port)
    try:
        yield proxy
    finally:
        server.close()
        for task in proxy.tasks:
            task.cancel()
        await asyncio.gather(*proxy.tasks, return_exceptions=True)


def response(status: str, body: str, *headers: str) -> bytes:
    """Return an HTTP response."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", body)
    return "\r\n".join(lines).encode()
