"""A P1 port behind TCP: ser2net, an ESP bridge, another reader."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing

from meterkast_runtime.backoff import Backoff

from meterkast_reader.sources.source import IDLE_S, Chunk, Report
from meterkast_reader.sources.url import SourceUrl

CONNECT_WITHIN_S = 10.0
SILENT_AFTER_S = 60.0
_CHUNK = 16 * 1024


class TcpSource:
    """Keeps one connection open, and makes it again when it ends or falls silent."""

    line = None

    def __init__(self, url: SourceUrl) -> None:
        self._host, self._port = url.host_and_port()
        self._silent_after_s = url.number("timeout", SILENT_AFTER_S, least=0.1)
        self.address = f"socket://{url.target}"

    async def read(self, report: Report) -> AsyncGenerator[Chunk, None]:
        """Give what the connection gives, for ever."""
        backoff = Backoff(0.2, 30.0)
        while True:
            try:
                async with asyncio.timeout(CONNECT_WITHIN_S):
                    reader, writer = await asyncio.open_connection(self._host, self._port)
            except OSError as error:
                report(self._sentence(error))
            else:
                try:
                    _keep_alive(writer)
                    async with aclosing(self._listen(reader)) as pieces:
                        async for data in pieces:
                            if data:
                                backoff.reset()
                                report(None)
                            yield Chunk(data)
                    report(f"{self.address} closed the connection: it is made again")
                except TimeoutError:
                    report(f"{self.address} has sent nothing for {self._silent_after_s:g} s: check the P1 cable there")
                except OSError as error:
                    report(self._sentence(error))
                finally:
                    writer.close()
                    with contextlib.suppress(OSError):
                        await writer.wait_closed()
                yield Chunk(gap=True)
            await asyncio.sleep(backoff.next())

    async def _listen(self, reader: asyncio.StreamReader) -> AsyncGenerator[bytes, None]:
        """Bytes as they come, none when the line falls idle; raises TimeoutError when it stays so."""
        idle_s = min(IDLE_S, self._silent_after_s)
        waiting: asyncio.Task[bytes] | None = None
        try:
            while True:
                waiting = asyncio.create_task(reader.read(_CHUNK))
                done, _ = await asyncio.wait([waiting], timeout=idle_s)
                if not done:
                    yield b""
                    await asyncio.wait([waiting], timeout=self._silent_after_s - idle_s)
                if not waiting.done():
                    raise TimeoutError
                if not (data := waiting.result()):
                    return
                yield data
        finally:
            if waiting is not None:
                waiting.cancel()

    def _sentence(self, error: OSError) -> str:
        match error:
            case ConnectionRefusedError():
                return f"nothing listens at {self.address}: start the bridge (ser2net) there, or check host and port"
            case socket.gaierror():
                return f"the name {self._host} is not known: check the source's host"
            case TimeoutError():
                return f"{self.address} does not answer: check host, port and network"
            case _:
                return f"{self.address} cannot be read ({error.strerror or error}): check host, port and network"


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """Let the system notice a peer that is gone."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
