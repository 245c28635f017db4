"""A web server for a phone or two: bounded memory, bounded time; one page from the flash, all other answers small."""

import socket
import time

from micropython import const

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    import select
    from collections.abc import Callable
    from typing import IO

_MOST = const(4)
_LINE = const(240)
_HEAD = const(8192)
_BODY = const(1400)
_WITHIN_MS = const(15_000)
_LINGER_MS = const(1_000)
_EVICT_MS = const(1_000)
_EVICT_DONE_MS = const(100)
_READING_HEAD = const(0)
_READING_BODY = const(1)
_SENDING = const(2)
_DONE = const(3)
_POLLIN = const(1)
_POLLOUT = const(4)

_piece = bytearray(256)


class Request:
    """One connection: a request is read, answered, and the connection lingers until the other side has closed it."""

    def __init__(self, server: "Server", sock: socket.socket) -> None:
        self.sock = sock
        self.state = _READING_HEAD
        self.since = time.ticks_ms()
        self.method = self.path = self.host = self.origin = ""
        self.language = "en"
        self.body = b""
        self._server = server
        self._line = b""
        self._taken = self._length = 0
        self._file_at = None
        sock.setblocking(False)
        server.poller.register(sock, _POLLIN)

    def work(self) -> bool:
        """Go on as far as the connection allows; return whether it is over."""
        try:
            if self.state == _READING_HEAD:
                return self._read_head()
            if self.state == _READING_BODY:
                return self._read_body()
            if self.state == _SENDING:
                self._send()
                return False
            return self.sock.read(256) == b""
        except (OSError, MemoryError):
            return True

    def age(self) -> int:
        """Milliseconds since it came, or since it was answered."""
        return time.ticks_diff(time.ticks_ms(), self.since)

    def answer(self, code: str, body: bytes | None = b"", kind: str = "application/json", more: str = "") -> None:
        """Answer with a code ("200 OK") and a body of bytes; None is the server's page."""
        size = self._server.page_size if body is None else len(body)
        head = "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%sCache-Control: no-store\r\n" % (
            code, kind, size, more
        )  # fmt: skip
        self.body = head.encode() + b"Connection: close\r\n\r\n"
        if self.method != "HEAD":
            if body is None:
                self._file_at = 0
            else:
                self.body += body
        self.state = _SENDING
        self.since = time.ticks_ms()
        self._server.poller.modify(self.sock, _POLLOUT)

    def _read_head(self) -> bool:
        while self.state == _READING_HEAD:
            part = self.sock.readline(_LINE - len(self._line))
            if part is None:
                break
            if not part:
                return True
            self._line += part
            self._taken += len(part)
            if part[-1] == 10 or len(self._line) == _LINE:
                line, self._line = self._line, b""
                self._take(line)
        return False

    def _take(self, line: bytes) -> None:
        if self._taken > _HEAD:
            self.answer("431 Request Header Fields Too Large")
        elif not self.method:
            parts = line.split(b" ")
            if line[-1] == 10 and len(parts) == 3 and parts[2][:7] == b"HTTP/1." and parts[1][:1] == b"/":
                self.method, self.path = _text(parts[0]) or "?", _text(parts[1])
            elif line.strip():
                self.answer("400 Bad Request")
        elif line in (b"\r\n", b"\n"):
            self._end_of_head()
        else:
            at = line.find(b":")
            self._header(line[:at].lower(), _text(line[at + 1 :].strip()))

    def _header(self, name: bytes, value: str) -> None:
        if name == b"host":
            self.host = value
        elif name == b"origin":
            self.origin = value
        elif name == b"content-length":
            self._length = int(value) if value.isdigit() else -1
        elif name == b"transfer-encoding":
            self._length = -1
        elif name == b"accept-language":
            for part in value.lower().split(","):
                if part.strip()[:2] in ("nl", "en"):
                    self.language = part.strip()[:2]
                    break

    def _end_of_head(self) -> None:
        if self.method == "POST" and self._length:
            if self._length < 0:
                self.answer("400 Bad Request")
            elif self._length > _BODY:
                self.answer("413 Content Too Large")
            else:
                self.state = _READING_BODY
                self._read_body()
        elif self.method in ("GET", "HEAD", "POST"):
            self._server.handler(self)
        else:
            self.answer("501 Not Implemented")

    def _read_body(self) -> bool:
        part = self.sock.read(self._length - len(self.body))
        if part is None:
            return False
        self.body += part
        if len(self.body) == self._length:
            self._server.handler(self)
        return not part

    def _send(self) -> None:
        try:
            while self.body:
                self.body = self.body[self.sock.send(self.body) :]
            file = self._server.file
            while self._file_at is not None:
                file.seek(self._file_at)
                size = file.readinto(_piece)
                if not size:
                    break
                self._file_at += self.sock.send(memoryview(_piece)[:size])
        except OSError as error:
            if error.errno != 11:
                raise
            return
        self.state = _DONE  # closed by the other side: a reset for what is still unread could take the answer away
        self.since = time.ticks_ms()
        self._server.poller.modify(self.sock, _POLLIN)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeError:
        return ""


class Server:
    """Listens, and has each request answered by `handler(request)`; `file` is the page, whole."""

    def __init__(
        self, handler: Callable[[Request], None], poller: select.poll, address: str, port: int, file: IO[bytes]
    ) -> None:
        self.handler = handler
        self.poller = poller
        self.file = file
        self.page_size = file.seek(0, 2)
        self._requests = []
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sock.bind(socket.getaddrinfo(address, port)[0][-1])
        self._sock.listen(4)
        self._sock.setblocking(False)
        poller.register(self._sock, _POLLIN)

    def ready(self, sock: socket.socket) -> None:
        """Go on with what poll has found ready."""
        if sock is self._sock:
            self._accept()
        else:
            for request in self._requests:
                if request.sock is sock:
                    if request.work():
                        self._drop(request)
                    break

    def tidy(self, waiting: bool = False) -> None:
        """Close what has had its time, or has only been held open while others wait."""
        for request in list(self._requests):
            if request.state == _DONE:
                limit = _EVICT_DONE_MS if waiting else _LINGER_MS
            else:
                limit = _EVICT_MS if waiting and request.state != _SENDING else _WITHIN_MS
            if request.age() > limit:
                self._drop(request)

    def close(self) -> None:
        """Close everything."""
        for request in list(self._requests):
            self._drop(request)
        self.poller.unregister(self._sock)
        self._sock.close()

    def _accept(self) -> None:
        if len(self._requests) == _MOST:
            self.tidy(waiting=True)
        if len(self._requests) == _MOST:
            time.sleep_ms(5)
            return
        try:
            self._requests.append(Request(self, self._sock.accept()[0]))
        except OSError:
            pass

    def _drop(self, request: Request) -> None:
        self._requests.remove(request)
        self.poller.unregister(request.sock)
        request.sock.close()
