"""Who is connected: never more at once than allowed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from meterkast_runtime.metrics import Counter, Gauge

TERMINALS = Gauge("meterkast_console_terminals", "Open terminals.", ["kind"])
REFUSED = Counter("meterkast_console_terminals_refused", "Terminals refused, since there were too many.")


class FullError(Exception):
    """As many are connected as may be."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"All {most} terminals are in use: try again later, or raise max_sessions in the section [console]."
        )


@dataclass(slots=True, eq=False)
class Guest:
    """Somebody by the way they came and from where; `since` and `active` are seconds of the guests' clock."""

    kind: str
    address: str
    since: float
    active: float = field(default=0.0)
    name: str = ""


class Guests:
    """Everybody connected."""

    def __init__(self, most: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self._now = now
        self._present: list[Guest] = []

    @contextmanager
    def welcome(self, kind: str, address: str) -> Iterator[Guest]:
        """Somebody is here while the block runs; raises FullError."""
        if len(self._present) >= self.most:
            REFUSED.inc()
            raise FullError(self.most)
        guest = Guest(kind, address, self._now(), self._now())
        self._present.append(guest)
        TERMINALS.labels(kind).inc()
        try:
            yield guest
        finally:
            self._present.remove(guest)
            TERMINALS.labels(kind).dec()

    def moved(self, guest: Guest) -> None:
        """The guest has pressed a key."""
        guest.active = self._now()

    def idle_s(self, guest: Guest) -> float:
        """How long the guest has pressed none."""
        return self._now() - guest.active

    def present(self) -> list[tuple[Guest, float, float]]:
        """Everybody, with how long they have been here and idle, in seconds."""
        now = self._now()
        return [(guest, now - guest.since, now - guest.active) for guest in self._present]
