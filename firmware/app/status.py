"""What the network may ask of a gateway: its page, one visitor at a time, and where its name is.

Only what listens stays in the heap; a visit and the words of an announcement are loaded when they are needed.
"""

import select

from micropython import const
from rarely import load

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from typing import Protocol

    class Teller(Protocol):
        """Who knows what is told: as JSON, no secrets, and the age of the last telegram."""

        def describe(self) -> bytes: ...  # noqa: D102
        def age_s(self) -> int | None: ...  # noqa: D102


class Status:
    """`teller` gives what is told of the gateway; `places` are others than the usual, see listening.py."""

    def __init__(self, teller: Teller, name: str, *places) -> None:
        self.teller = teller
        self.name = name
        self.places = places
        self.address = self.named = self.visit = None
        self.door = self.wanted = self.announcement = None
        self.poller = select.poll()
        load("listening").open_door(self)

    def poll(self, address: str | None) -> None:
        """Do what is due without waiting; `address` is the gateway's own, None without a network."""
        if address != self.address:
            load("listening").move(self, address)
            self.address = address
        waiting = False
        for sock, _ in self.poller.ipoll(0):
            if sock is self.named:
                self._hear()
            elif sock is self.door:
                waiting = True
            elif self.visit:
                self.visit.work()
        if self.visit:
            if self.visit.over(waiting):
                self.hang_up()
        elif waiting:
            try:
                self.visit = load("visit").Visit(self)
            except (OSError, MemoryError):
                pass  # the visitor asks again

    def hang_up(self) -> None:
        """Send the visitor away, who takes memory."""
        if self.visit:
            self.visit.close()
            self.visit = None

    def _hear(self) -> None:
        """Answer whoever asks for the name: the answer says too that there is nothing but an IPv4 address."""
        try:
            heard = self.named.recv(512)
            if len(heard) > 12 and not heard[2] & 0xF8 and self.wanted in heard.lower():
                self.named.sendto(*self.announcement)
        except (OSError, MemoryError):
            pass
