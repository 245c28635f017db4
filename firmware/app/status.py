"""The gateway's own page in the network: one connection at a time, at most 256 bytes a turn, never waiting."""

import select
import socket
import sys
import time

from micropython import const

_WITHIN_MS = const(5_000)
_EVICT_MS = const(1_000)
_LARGEST = const(4096)

_piece = bytearray(256)


def page_file(name):
    """A page beside the code, opened, and the header that says how it is packed."""
    for folder in sys.path:
        for ending, coding in ((".gz", "Content-Encoding: gzip\r\n"), ("", "")):
            try:
                return open(folder + "/" + name + ending if folder else name + ending, "rb"), coding
            except OSError:
                pass
    raise OSError(name)


class Page:
    """`describe()` gives what is told of the gateway as JSON (no secrets), `age_s()` the last telegram's age, or None."""

    def __init__(self, describe, age_s, address="0.0.0.0", port=80):
        self._describe = describe
        self._age_s = age_s
        self._file, self._coding = page_file("status.html")
        self._size = self._file.seek(0, 2)
        self._client = None
        self._poller = select.poll()
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sock.bind(socket.getaddrinfo(address, port)[0][-1])
        self._sock.listen(2)
        self._sock.setblocking(False)
        self._poller.register(self._sock, select.POLLIN)

    def serve(self):
        """Go on by one piece, if somebody is there."""
        waiting = False
        for sock, _ in self._poller.ipoll(0):
            if sock is self._client:
                self._work()
            else:
                waiting = True
        if self._client:
            age = time.ticks_diff(time.ticks_ms(), self._since)
            if age > _WITHIN_MS or (waiting and self._out is None and age > _EVICT_MS):
                self._drop()
        elif waiting:
            self._accept()

    def close(self):
        """Close everything."""
        self._drop()
        self._poller.unregister(self._sock)
        self._sock.close()
        self._file.close()

    def _accept(self):
        try:
            self._client = self._sock.accept()[0]
        except OSError:
            return
        self._client.setblocking(False)
        self._poller.register(self._client, select.POLLIN)
        self._since = time.ticks_ms()
        self._first, self._end, self._taken = b"", b"", 0
        self._out = None
        self._at = 0
        self._file_at = -1

    def _drop(self):
        if self._client:
            self._poller.unregister(self._client)
            self._client.close()
            self._client = self._out = None

    def _work(self):
        try:
            over = self._read() if self._out is None else self._send()
        except (OSError, MemoryError):
            over = True
        if over:
            self._drop()

    def _read(self):
        part = self._client.read(256)
        if part is None:
            return False
        if not self._first:
            self._first = part[:32]
        self._taken += len(part)
        self._end = self._end[-3:] + part
        if b"\r\n\r\n" in self._end:
            self._answer()
            return False
        return not part or self._taken > _LARGEST

    def _answer(self):
        coding, kind, body, size = "", "application/json", b"", 0
        code = "200 OK"
        if self._first.startswith(b"GET / "):
            coding, kind, size = self._coding, "text/html; charset=utf-8", self._size
            self._file_at = 0
        elif self._first.startswith(b"GET /device "):
            age = self._age_s()
            body = b'{"age_s":%s,"device":%s}' % (b"null" if age is None else b"%d" % age, self._describe())
            size = len(body)
        else:
            code = "404 Not Found"
        head = "HTTP/1.0 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%sCache-Control: no-store\r\n\r\n"
        self._out = (head % (code, kind, size, coding)).encode() + body
        self._end = b""
        self._poller.modify(self._client, select.POLLOUT)

    def _send(self):
        if self._at < len(self._out):
            self._at += self._client.send(memoryview(self._out)[self._at : self._at + 256])
        elif 0 <= self._file_at < self._size:
            self._file.seek(self._file_at)
            count = self._file.readinto(_piece)
            self._file_at += self._client.send(memoryview(_piece)[:count])
        return self._at == len(self._out) and not 0 <= self._file_at < self._size
