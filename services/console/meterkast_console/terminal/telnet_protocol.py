"""The telnet protocol (RFC 854 and its options) by telnetlib3, as a wire."""

import asyncio
from contextlib import suppress
from typing import Any

from telnetlib3 import TelnetServer

from meterkast_console.terminal.probe import explore
from meterkast_console.terminal.wire import CHUNK, Capabilities

NEGOTIATED_S = 1.0
FLUSH_S = 2.0
MOST_UNREAD = 4096
"""Beyond twice that the client has to wait."""


class Protocol(TelnetServer):
    """One connection; sizes go to the terminal's capabilities, also after the start."""

    def __init__(self, can: Capabilities, done: asyncio.Future[None]) -> None:
        super().__init__(
            term="",
            timeout=0,
            encoding="utf8",
            encoding_errors="replace",
            force_binary=True,
            connect_maxwait=NEGOTIATED_S,
            limit=MOST_UNREAD,
            _waiter_connected=done,
        )
        self.sized = False
        self.charset_said: str | None = None
        self._can = can

    def on_naws(self, rows: int, cols: int) -> None:
        """Take the size of the window (RFC 1073)."""
        super().on_naws(rows, cols)
        self.sized = self.sized or (rows > 0 and cols > 0)
        self._can.resize(cols, rows)

    def on_charset(self, charset: str) -> None:
        """Take the charset the client has chosen (RFC 2066)."""
        super().on_charset(charset)
        self.charset_said = charset


class TelnetWire:
    """A terminal by telnet."""

    kind = "telnet"

    def __init__(self, transport: asyncio.Transport, address: str, can: Capabilities) -> None:
        self.address = address
        self.can = can
        self._transport = transport
        self._protocol: Any = None
        self._typed = ""

    async def negotiate(self) -> None:
        """Take over the transport, and find out what the terminal can."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._protocol = protocol = Protocol(self.can, done)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        assert protocol.reader is not None  # noqa: S101 - it is made with the connection
        protocol.reader.set_transport(self._transport)
        self._transport.resume_reading()
        await asyncio.wait([done])
        if done.cancelled():
            return
        said = protocol.charset_said or protocol.get_extra_info("LANG")
        term = str(protocol.get_extra_info("TERM") or "")
        self._typed = await explore(
            self.can, term, said=said, sized=protocol.sized, read=self._received, write=self.write
        )

    @property
    def backlog(self) -> int:
        """Bytes that the client has not taken."""
        return 0 if self._transport.is_closing() else self._transport.get_write_buffer_size()

    async def read(self) -> str:
        """What was typed; nothing at the end."""
        typed, self._typed = self._typed, ""
        return typed or await self._received()

    async def _received(self) -> str:
        try:
            text = await self._protocol.reader.read(CHUNK)
        except (OSError, EOFError):
            return ""
        return str(text)

    def write(self, text: str) -> None:
        """Send text."""
        if text and self._protocol is not None and not self._transport.is_closing():
            self._protocol.writer.write(text)

    def close(self) -> None:
        """End the connection; what is not taken within two seconds is let go."""
        transport = self._transport
        if not transport.is_closing():
            with suppress(OSError):
                transport.close()
        asyncio.get_running_loop().call_later(FLUSH_S, transport.abort)
