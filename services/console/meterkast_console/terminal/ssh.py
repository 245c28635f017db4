"""The SSH listener."""

import asyncio
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from meterkast_console.rest import Api
from meterkast_console.settings import SshSection
from meterkast_console.terminal.entrance import Entrance
from meterkast_console.terminal.guests import FullError, Guests
from meterkast_console.terminal.telnet import cannot_listen

Sftp = Callable[[], Any]
ON_THE_WAY = 10
"""Connections beyond the terminals allowed: of those who are logging in, or come for files."""


class SshListener:
    """Serves the terminal over SSH, and what `sftp` gives over SFTP; the SSH library is loaded when it starts."""

    name = "ssh"

    def __init__(
        self,
        section: SshSection,
        entrance: Entrance,
        guests: Guests,
        api: Api,
        *,
        data_dir: Path,
        ask: bool,
        sftp: Sftp | None = None,
    ) -> None:
        self.port: int | None = None
        self._section = section
        self._entrance = entrance
        self._guests = guests
        self._api = api
        self._data_dir = data_dir
        self._ask = ask
        self._sftp = sftp
        self._library: Any = None
        self._serving: set[asyncio.Task[None]] = set()

    async def run(self, ready: Callable[[], None]) -> None:
        """Listen until cancelled; then every connection is closed."""
        self._library = library = await asyncio.to_thread(
            importlib.import_module, "meterkast_console.terminal.ssh_protocol"
        )
        host, port = self._section.host, self._section.port
        key = await library.host_key(self._data_dir)
        sftp = self._sftp() if self._sftp else None
        try:
            server = await library.listen(
                host,
                port,
                key=key,
                api=self._api,
                ask=self._ask,
                most=self._guests.most + ON_THE_WAY,
                come=self._come,
                sftp=sftp,
            )
        except OSError as error:
            raise cannot_listen("ssh", host, port, error) from error
        self.port = server.get_port()
        try:
            ready()
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    async def _come(self, process: Any) -> None:
        task = asyncio.create_task(self._serve(process))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        await asyncio.wait([task])

    async def _serve(self, process: Any) -> None:
        connection = process.channel.get_connection()
        address = self._library.address_of(connection)
        if process.command is not None:
            process.stderr.write("This is a terminal: give no command.\r\n")
            process.exit(1)
            return
        api: Api = connection.get_extra_info(self._library.API) or self._api
        try:
            with self._guests.welcome("ssh", address) as guest:
                wire = self._library.SshWire(process, address)
                try:
                    await wire.negotiate()
                    await self._entrance.admitted(wire, guest, api)
                finally:
                    wire.close()
        except FullError as full:
            process.stdout.write(f"{full}\r\n")
            process.exit(1)
