"""What a portal finds in a house when it tries settings: a DNS server, and things that sit at the broker's port."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

import dns.message
import dns.rcode
import dns.rrset

from tests.brokers import free_port


class Names:
    """A DNS server that knows the names in `known`, and says so of others."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        port = free_port()
        self._socket.bind(("127.0.0.1", port))
        self.address = f"127.0.0.1:{port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                query, sender = self._socket.recvfrom(512)
            except OSError:
                return
            asked = dns.message.from_wire(query)
            answer = dns.message.make_response(asked)
            name = asked.question[0].name.to_text(omit_final_dot=True)
            if name in self.known:
                answer.answer.append(dns.rrset.from_text(asked.question[0].name, 60, "IN", "A", self.known[name]))
            else:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self._socket.sendto(answer.to_wire(), sender)


class Port:
    """Listens like a broker, and answers whatever comes with these bytes; b"" hangs up, None says nothing."""

    def __init__(self, answer: bytes | None) -> None:
        self.heard = b""
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            sock, _ = self._socket.accept()
            with sock:
                self.heard += sock.recv(1000)
                if self._answer:
                    sock.sendall(self._answer)
                if self._answer != b"":
                    self.heard += sock.recv(1000)
