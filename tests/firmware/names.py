"""A DNS server of a test, which may be silent or know nothing."""

import socket
import threading


class Names:
    """A DNS server that knows one name, once it may answer."""

    def __init__(self) -> None:
        self.asked = 0
        self.address: str | None = None
        self.silent = True
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port = self._socket.getsockname()[1]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                question, asker = self._socket.recvfrom(512)
            except TimeoutError:
                continue
            self.asked += 1
            if self.silent:
                continue
            answers = 1 if self.address else 0
            head = question[:2] + b"\x81\x80\0\1" + bytes([0, answers]) + b"\0\0\0\0"
            record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(self.address) if self.address else b""
            self._socket.sendto(b"\0" * 20, asker)
            self._socket.sendto(head + question[12:] + record, asker)

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join()
        self._socket.close()
