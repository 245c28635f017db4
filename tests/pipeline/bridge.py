"""A WiFi bridge at a P1 port: telegrams over TCP, one after the other, at a set pace."""

import socket
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self


class Bridge:
    """Sends each telegram once; to a new connection it first repeats the last `repeats`, as far as its buffer holds."""

    def __init__(self, telegrams: Sequence[bytes], *, interval_s: float, repeats: int = 20) -> None:
        self._telegrams = telegrams
        self._interval_s = interval_s
        self._repeats = repeats
        self._over = threading.Event()
        self._moved = threading.Condition()
        self.sent = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.2)
        self._thread = threading.Thread(target=self._serve)
        self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"

    def wait_for(self, count: int, timeout_s: float = 60) -> None:
        """Wait until so many telegrams have been sent."""
        with self._moved:
            assert self._moved.wait_for(lambda: self.sent >= count, timeout_s), f"only {self.sent} were taken"

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._server.accept()
            except TimeoutError:
                continue
            with connection:
                self._send(connection)

    def _send(self, connection: socket.socket) -> None:
        number = max(self.sent - self._repeats, 0)
        while not self._over.wait(self._interval_s):
            if number >= len(self._telegrams):
                continue
            try:
                connection.sendall(self._telegrams[number])
            except OSError:
                return
            number += 1
            with self._moved:
                self.sent = max(self.sent, number)
                self._moved.notify_all()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._server.close()
