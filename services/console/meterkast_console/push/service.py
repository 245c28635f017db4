"""Sending on schedule."""

import asyncio
import importlib
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path

from meterkast_runtime.backoff import Backoff
from meterkast_runtime.errors import MeterkastError
from meterkast_runtime.health import Health
from meterkast_runtime.log import get_logger

from meterkast_console.files.tree import Tree
from meterkast_console.push.destination import Address, Destination, Kind
from meterkast_console.push.errors import PushError
from meterkast_console.push.folder import FolderDestination
from meterkast_console.push.ftp import FtpDestination
from meterkast_console.push.pusher import Pusher
from meterkast_console.push.sent import Sent
from meterkast_console.settings import PushSection

NOTES = "console-push.json"
EMPTY_WAIT_S = 30.0
"""While there is nothing at all, as in the first seconds after a start."""
FIRST_WAIT_S, MOST_WAIT_S = 10.0, 1800.0
_LOG = get_logger("meterkast_console")


def pusher_of(section: PushSection, tree: Tree, data_dir: Path, *, everything: bool = False) -> Pusher:
    """Put a pusher together; `everything` sends also what has been sent."""
    address = Address.of(section.to or "")
    sent = Sent(data_dir / NOTES, str(address))
    sent.load()
    if everything:
        sent.forget()
    return Pusher(
        tree, partial(destination_of, address, section), sent, include=section.include, exclude=section.exclude
    )


def destination_of(address: Address, section: PushSection) -> Destination:
    """Return the destination at an address; raises PushError where its certificates cannot be read."""
    if address.kind is Kind.FOLDER:
        return FolderDestination(address)
    if address.kind is Kind.SFTP:
        known_hosts = section.known_hosts or Path.home() / ".ssh" / "known_hosts"
        library = importlib.import_module("meterkast_console.push.sftp")
        destination: Destination = library.SftpDestination(
            address, section.password, key=section.key, known_hosts=known_hosts
        )
        return destination
    try:
        certificates = ssl.create_default_context(cafile=section.ca) if address.kind is Kind.FTPS else None
    except OSError as error:
        raise PushError(str(address), f"{section.ca} is no certificate", hint="ca is a PEM file") from error
    return FtpDestination(address, section.password, certificates=certificates)


class PushService:
    """Sends at the start and then on schedule, until cancelled; what fails is tried again with growing waits."""

    name = "push"

    def __init__(self, pusher: Pusher, health: Health, *, every_s: float, backoff: Backoff | None = None) -> None:
        self._pusher = pusher
        self._health = health
        self._every_s = every_s
        self._backoff = backoff or Backoff(FIRST_WAIT_S, MOST_WAIT_S)
        self._trouble: str | None = None

    async def run(self, ready: Callable[[], None]) -> None:
        """Send until cancelled."""
        ready()
        while True:
            wait_s = await self._round()
            await asyncio.sleep(wait_s)

    async def _round(self) -> float:
        """Send once; return how long to wait."""
        try:
            done = await self._pusher.push()
        except MeterkastError as error:
            if str(error) != self._trouble:
                _LOG.warning("files cannot be sent, trying again", error=str(error))
            self._trouble = str(error)
            self._health.degraded(self._trouble, part=self.name)
            return self._backoff.next()
        self._backoff.reset()
        self._trouble = None
        self._health.ok(part=self.name)
        if done.files:
            _LOG.info("files sent", files=done.files, bytes=done.bytes)
        return self._every_s if done.files or done.unchanged else min(self._every_s, EMPTY_WAIT_S)
