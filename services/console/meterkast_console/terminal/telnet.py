"""The telnet listener."""

import asyncio
import errno
import importlib
import socket
from collections.abc import Callable
from weakref import WeakSet

from meterkast_runtime.errors import StartError

from meterkast_console.settings import TelnetSection
from meterkast_console.terminal.entrance import Entrance
from meterkast_console.terminal.guests import FullError, Guests
from meterkast_console.terminal.wire import Capabilities

BACKLOG = 64
LINGER_S = 2.0
SEND_BUFFER = 32_768
"""What waits in the kernel is seen late: a slow terminal is to get the newest instead."""


class TelnetListener:
    """Serves the terminal over telnet; the telnet library is loaded when the first guest comes."""

    name = "telnet"

    def __init__(self, section: TelnetSection, entrance: Entrance, guests: Guests) -> None:
        self.port: int | None = None
        self._section = section
        self._entrance = entrance
        self._guests = guests
        self._serving: set[asyncio.Task[None]] = set()
        self._transports: WeakSet[asyncio.Transport] = WeakSet()

    async def run(self, ready: Callable[[], None]) -> None:
        """Listen until cancelled; then every terminal is told, and closed."""
        host, port = self._section.host, self._section.port
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(lambda: Doorstep(self._come), host, port, backlog=BACKLOG)
        except OSError as error:
            raise cannot_listen("telnet", host, port, error) from error
        self.port = server.sockets[0].getsockname()[1]
        try:
            ready()
            await loop.create_future()
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)
            for transport in list(self._transports):
                transport.abort()
            await asyncio.sleep(0)  # the loop closes an aborted transport in its next turn

    def _come(self, transport: asyncio.Transport) -> None:
        self._transports.add(transport)
        task = asyncio.create_task(self._serve(transport))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, transport: asyncio.Transport) -> None:
        address = str((transport.get_extra_info("peername") or ("?",))[0])
        try:
            with self._guests.welcome("telnet", address) as guest:
                library = await asyncio.to_thread(importlib.import_module, "meterkast_console.terminal.telnet_protocol")
                wire = library.TelnetWire(transport, address, Capabilities())
                try:
                    await wire.negotiate()
                    await self._entrance.serve(wire, guest)
                finally:
                    wire.close()
        except FullError as full:
            turn_away(transport, str(full))


def turn_away(transport: asyncio.Transport, sentence: str) -> None:
    """Say why not; what was typed already is read on, since closing before would take the sentence with it."""
    transport.write(f"{sentence}\r\n".encode())
    if transport.can_write_eof():
        transport.write_eof()
    transport.resume_reading()
    asyncio.get_running_loop().call_later(LINGER_S, transport.abort)


class Doorstep(asyncio.Protocol):
    """Holds a connection, unread, until it is taken over."""

    def __init__(self, come: Callable[[asyncio.Transport], None]) -> None:
        self._come = come

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the connection on."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a stream server gives
        transport.pause_reading()
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._come(transport)


def cannot_listen(protocol: str, host: str, port: int, error: OSError) -> StartError:
    """The sentence of a listener that cannot listen."""
    if error.errno == errno.EADDRINUSE:
        hint = f"set another port in the section [console.{protocol}]"
    elif error.errno == errno.EACCES:
        hint = f"ports below 1024 need root: set another in the section [console.{protocol}]"
    else:
        hint = f"check host in the section [console.{protocol}]"
    return StartError(f"{protocol} cannot listen on {host}:{port}, {error.strerror or error}", hint=hint)
