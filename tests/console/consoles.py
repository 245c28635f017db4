"""A console in this process, and a telnet client that a test holds in its hands."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from meterkast_console.__main__ import build_console
from meterkast_console.settings import ConsoleSection, ConsoleSettings, FtpSection, SshSection, TelnetSection
from meterkast_runtime.health import Health
from pydantic import SecretStr

from tests.brokers import free_port

WITHIN_S = 40.0
COMPANION = SecretStr("a token that only these two know")
_TELNET = re.compile(rb"\xff(?:[\xfb-\xfe].|\xfa.*?\xff\xf0|[^\xfa-\xfe])", re.DOTALL)
REFUSAL = {0xFB: b"\xff\xfe", 0xFD: b"\xff\xfc"}


class Client:
    """A telnet client that refuses every option, as the dumbest there is; `heard` is what the terminal was sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._raw = b""
        self._at = 0

    @classmethod
    async def connect(cls, port: int, *, receive_buffer: int | None = None) -> Self:
        """Connect; with a small receive buffer little is taken before the client reads."""
        sock = socket.socket()
        sock.setblocking(False)  # noqa: FBT003 - the library's way
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=sock, limit=1024)
        return cls(reader, writer)

    @property
    def heard(self) -> str:
        """What has come so far, without telnet's own."""
        return _TELNET.sub(b"", self._raw).decode(errors="replace")

    def send(self, text: str) -> None:
        """Press keys."""
        self._writer.write(text.encode())

    async def until(self, words: str, *, within_s: float = WITHIN_S) -> str:
        """Read until these words come after those waited for before; returns all up to them."""
        try:
            async with asyncio.timeout(within_s):
                while words not in self.heard[self._at :] and not self._reader.at_eof():
                    await self._read()
        except TimeoutError:
            raise AssertionError(f"{words!r} has not come, but {self.heard[self._at :][-2000:]!r}") from None
        before, found, _ = self.heard[self._at :].partition(words)
        assert found, f"{words!r} has not come, but {before[-2000:]!r} and the end"
        self._at += len(before) + len(found)
        return before + found

    @property
    def unsent(self) -> int:
        """Bytes of what was pressed that the other side has not taken."""
        return self._writer.transport.get_write_buffer_size()

    async def to_end(self) -> str:
        """Read until the other side ends."""
        async with asyncio.timeout(WITHIN_S):
            while not self._reader.at_eof():
                await self._read()
        return self.heard

    async def close(self) -> None:
        """Go without a word."""
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _read(self) -> None:
        try:
            piece = await self._reader.read(4096)
        except ConnectionResetError:
            self._reader.feed_eof()
            return
        for verb, option in re.findall(rb"\xff([\xfb\xfd])(.)", piece, re.DOTALL):
            self._writer.write(REFUSAL[verb[0]] + option)
        self._raw += piece


@dataclass
class Console:
    """A running console."""

    telnet: int
    ssh: int
    health: Health
    directory: Path
    clients: list[Client] = field(default_factory=list)

    async def client(self, *, receive_buffer: int | None = None) -> Client:
        """A telnet client, closed at the end."""
        client = await Client.connect(self.telnet, receive_buffer=receive_buffer)
        self.clients.append(client)
        return client


@asynccontextmanager
async def console(
    api: str, directory: Path, *, ssh: bool = False, token: SecretStr | None = COMPANION, **section: Any
) -> AsyncIterator[Console]:
    """Run a console of an API until the block ends."""
    listening = TelnetSection(port=free_port())
    settings = ConsoleSettings(
        data_dir=directory,
        console=ConsoleSection(
            **{
                "api": api,
                "telnet": listening,
                "ssh": SshSection(enabled=ssh, port=free_port()),
                "ftp": FtpSection(enabled=False),
                **section,
            }
        ),
    )
    health = Health("console")
    running = Console(settings.console.telnet.port, settings.console.ssh.port, health, directory)
    ready = asyncio.Event()
    service = build_console(settings, health, token=token)
    task = asyncio.create_task(service.run(ready.set))
    try:
        async with asyncio.timeout(WITHIN_S):
            await ready.wait()
        yield running
    finally:
        for client in running.clients:
            await client.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
