"""One visitor of the gateway's page: at most 256 bytes a turn, five seconds in all; loaded only meanwhile."""

import gc
import select
import sys
import time

from micropython import const

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from typing import IO

    from status import Status

_WITHIN_MS = const(5_000)
_EVICT_MS = const(1_000)
_LARGEST = const(4096)


class Visit:
    """Reads the request to its end and answers: `/` is the page, `/device` what the gateway says of itself."""

    def __init__(self, status: Status) -> None:
        self._sock = status.door.accept()[0]
        self._teller = status.teller
        self._poller = status.poller
        self._since = time.ticks_ms()
        self._first = self._end = b""
        self._taken = 0
        self._out = self._file = None  # pieces that are to be sent, and what follows them
        self._done = False
        self._sock.setblocking(False)
        self._poller.register(self._sock, select.POLLIN)

    def over(self, waiting: bool) -> bool:
        """Whether it is over: done, or out of time, which is short before a request is there while others wait."""
        age = time.ticks_diff(time.ticks_ms(), self._since)
        return self._done or age > (_EVICT_MS if waiting and not self._out else _WITHIN_MS)

    def close(self) -> None:
        """Give socket and file back."""
        self._poller.unregister(self._sock)
        self._sock.close()
        if self._file:
            self._file.close()

    def work(self) -> None:
        """Go on by one piece."""
        try:
            if self._out is None:
                self._read()
            else:
                self._send()
        except (OSError, MemoryError):
            self._done = True

    def _read(self) -> None:
        part = self._sock.read(256)
        if part is None:
            return
        self._first = self._first or part[:32]
        self._end = self._end[-3:] + part
        self._taken += len(part)
        if b"\r\n\r\n" in self._end:
            self._end = b""
            self._answer()
        elif not part or self._taken > _LARGEST:
            self._done = True

    def _answer(self) -> None:
        coding, kind, body, size, code = "", "application/json", (), 0, "200 OK"
        if self._first.startswith(b"GET / "):
            self._file, coding = _page()
            kind = "text/html; charset=utf-8"
            size = self._file.seek(0, 2)
            self._file.seek(0)
        elif self._first.startswith(b"GET /device "):
            gc.collect()
            age = self._teller.age_s()
            age = b"null" if age is None else b"%d" % age
            body = b'{"age_s":', age, b',"device":', self._teller.describe(), b"}"
            for piece in body:
                size += len(piece)
        else:
            code = "404 Not Found"
        head = "HTTP/1.0 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%sCache-Control: no-store\r\n\r\n"
        self._out = [(head % (code, kind, size, coding)).encode()]
        self._out.extend(body)
        self._poller.modify(self._sock, select.POLLOUT)

    def _send(self) -> None:
        piece = self._out.pop(0)
        left = memoryview(piece)[self._sock.send(piece) :]
        if len(left):
            self._out.insert(0, left)
        elif not self._out and self._file:
            piece = self._file.read(128)
            if piece:
                self._out.append(piece)
        self._done = not self._out


def _page() -> tuple[IO[bytes], str]:
    for folder in sys.path:
        for name, coding in (("status.html.gz", "Content-Encoding: gzip\r\n"), ("status.html", "")):
            try:
                return open(folder + "/" + name if folder else name, "rb"), coding
            except OSError:
                pass
    raise OSError("status.html")
