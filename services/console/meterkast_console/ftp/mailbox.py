"""Calls from other threads into the loop of an FTP server."""

import contextlib
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

from meterkast_runtime.log import get_logger
from pyftpdlib.ioloop import AsyncChat

_LOG = get_logger("meterkast_console")


class Mailbox(AsyncChat):  # type: ignore[misc] # the library has no types
    """A socket that wakes the loop; what is posted runs in the loop's thread."""

    def __init__(self, ioloop: Any) -> None:
        self._here, self._there = socket.socketpair()
        self._posted: deque[Callable[[], object]] = deque()
        super().__init__(self._here, ioloop=ioloop)

    def post(self, call: Callable[[], object]) -> None:
        """Have something called soon; may come from any thread."""
        self._posted.append(call)
        with contextlib.suppress(OSError):  # the loop is awake, or has ended
            self._there.send(b"!")

    def handle_read(self) -> None:
        """Call what was posted."""
        with contextlib.suppress(BlockingIOError):
            self._here.recv(4096)
        while self._posted:
            try:
                self._posted.popleft()()
            except Exception:  # noqa: BLE001 - one session's fault must not end the others
                _LOG.exception("an FTP session failed")

    def writable(self) -> bool:
        """Nothing is ever written to it."""
        return False

    def close(self) -> None:
        """Wake nobody any more."""
        super().close()
        self._there.close()
