"""What the network may ask of a gateway: its page, one visitor at a time, and where its name is.

Only what listens stays in the heap; a visit and the words of an announcement are loaded when they are needed.
"""

import select
import socket

from micropython import const
from rarely import load

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from collections.abc import Callable


class Status:
    """`describe()` gives what is told of the gateway as JSON, no secrets; `age_s()` the last telegram's age or None."""

    def __init__(
        self,
        describe: Callable[[], bytes],
        age_s: Callable[[], int | None],
        name: str,
        address: str = "0.0.0.0",
        port: int = 80,
        group: tuple[str, int] = ("224.0.0.251", 5353),
        own_port: int = 5353,
    ) -> None:
        self.describe = describe
        self.age_s = age_s
        self._name = name
        self._group = group
        self._own_port = own_port
        self._address = self._named = self._visit = None
        self._poller = select.poll()
        self._door = self._listen(socket.SOCK_STREAM, address, port)
        self._door.listen(2)

    def poll(self, address: str | None) -> None:
        """Do what is due without waiting; `address` is the gateway's own, None without a network."""
        if address != self._address:
            self._move(address)
        waiting = False
        for sock, _ in self._poller.ipoll(0):
            if sock is self._named:
                self._hear()
            elif sock is self._door:
                waiting = True
            elif self._visit:
                self._visit.work()
        if self._visit:
            if self._visit.over(waiting):
                self._poller.unregister(self._visit.sock)
                self._visit.sock.close()
                self._visit = None
        elif waiting:
            try:
                self._visit = load("visit").Visit(self, self._door.accept()[0], self._poller)
            except (OSError, MemoryError):
                pass  # the visitor asks again

    def announce(self) -> None:
        """Tell everybody in the network where the name is."""
        try:
            self._named.sendto(self._announcement, socket.getaddrinfo(*self._group)[0][-1])
        except OSError:
            pass

    def _hear(self) -> None:
        """Answer whoever asks for the name: the answer says too that there is nothing but an IPv4 address."""
        try:
            heard = self._named.recv(512)
        except OSError:
            return
        if len(heard) > 12 and not heard[2] & 0xF8 and self._wanted in heard.lower():
            self.announce()

    def _move(self, address: str) -> None:
        self._address = address
        if self._named:
            self._poller.unregister(self._named)
            self._named.close()
            self._named = None
        if address:
            words = load("mdns")
            self._wanted = words.wire(self._name).lower()
            self._announcement = words.announcement(self._name, address)
            self._named = self._listen(socket.SOCK_DGRAM, "0.0.0.0", self._own_port)
            try:
                self._named.setsockopt(0, socket.IP_ADD_MEMBERSHIP, words.quad(self._group[0]) + words.quad(address))
            except OSError:
                pass  # then only those who ask it directly are heard
            self.announce()

    def _listen(self, kind: int, address: str, port: int) -> socket.socket:
        sock = socket.socket(socket.AF_INET, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(socket.getaddrinfo(address, port)[0][-1])
        sock.setblocking(False)
        self._poller.register(sock, select.POLLIN)
        return sock
