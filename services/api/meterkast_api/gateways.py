"""What is known of each gateway right now."""

import sys
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from meterkast_contracts.messages import Reading
from meterkast_contracts.topics import Topics

from meterkast_api.stream import Frame

KEPT_REJECTED = 50
UNKNOWN = "unknown"
Wanted = Literal["reading", "telegram", "device"]
SUMMARY = ("meter_id", "identification", "measured_at", "received_at", "power_import_w", "power_export_w")


@dataclass(slots=True)
class Telegram:
    """The last telegram, untouched."""

    payload: bytes
    received_at: datetime


@dataclass(slots=True)
class Gateway:
    """The newest of everything one gateway has sent; frames are what a stream's client is sent at connecting."""

    name: str
    reading: bytes | None = None
    reading_at: datetime | None = None
    reading_frame: Frame | None = None
    summary: dict[str, Any] = field(default_factory=dict)
    telegram: Telegram | None = None
    device: bytes | None = None
    rejected: deque[bytes] = field(default_factory=lambda: deque(maxlen=KEPT_REJECTED))
    parsed: tuple[bytes, Reading] | None = None

    def forget(self) -> None:
        """Drop what the broker does not retain."""
        self.telegram = None
        self.rejected.clear()

    @property
    def empty(self) -> bool:
        """Whether nothing is known of it any more."""
        return not (self.reading or self.device or self.telegram or self.rejected)

    def frames(self) -> Iterator[Frame]:
        """The present state as a stream's client gets it, less the status."""
        if self.device is not None:
            yield Frame("device", self.name, self.device)
        if self.rejected:
            yield Frame("rejected", self.name, self.rejected[-1])
        if self.reading_frame is not None:
            yield self.reading_frame


def topics_of(of: Topics, name: str) -> tuple[str, ...]:
    """What a gateway, or `+` for all, publishes that is kept here, its status apart."""
    return (
        of.device(name),
        of.reading(name),
        of.event(name),
        of.rejected(name),
        of.telegram(name),
        f"{of.telegram(name)}/+",
    )


class Gateways:
    """Every gateway heard of since the start, by name."""

    limit: int | None = None
    """How many are held at most; None: all of them."""

    def __init__(self) -> None:
        self._by_name: dict[str, Gateway] = {}
        self._statuses: dict[str, str] = {}

    def subscriptions(self, of: Topics) -> tuple[str, ...]:
        """What to listen to from the start."""
        return (of.status("+"), *topics_of(of, "+"))

    @contextmanager
    def named(self, name: str) -> Iterator[Gateway]:
        """Give the gateway, a new one at its first message; one of which nothing is known afterwards is dropped."""
        gateway = self._by_name.setdefault(name, Gateway(name))
        try:
            yield gateway
        finally:
            if gateway.empty:
                del self._by_name[name]

    def holds(self, _name: str) -> bool:
        """Whether what the gateway sends is kept."""
        return True

    def get(self, name: str) -> Gateway | None:
        """Return the gateway, None where it has sent nothing."""
        return self._by_name.get(name)

    async def find(self, name: str, _wanted: Wanted = "reading") -> Gateway | None:
        """Return the gateway, which is held from now on; None where it has sent nothing."""
        return self.get(name)

    @asynccontextmanager
    async def held(self, _names: Collection[str]) -> AsyncIterator[None]:
        """Hold these gateways, as a live stream needs them, until another does."""
        yield

    def knows(self, name: str) -> bool:
        """Whether anything has been heard of the gateway."""
        return name in self._statuses or name in self._by_name

    def names(self) -> list[str]:
        """Every name, sorted."""
        return sorted(self._statuses.keys() | self._by_name.keys())

    def status(self, name: str) -> str:
        """`online`, `offline`, or `unknown`."""
        return self._statuses.get(name, UNKNOWN)

    def set_status(self, name: str, status: str) -> bool:
        """Note the status, `unknown` to forget it; whether it is another than before."""
        before = self.status(name)
        if status == UNKNOWN:
            self._statuses.pop(name, None)
        else:
            self._statuses[name] = sys.intern(status)
        return status != before

    def line(self, name: str) -> dict[str, Any]:
        """The gateway's entry in the list of meters."""
        gateway = self._by_name.get(name)
        return {"gateway": name, "status": self.status(name), **(gateway.summary if gateway is not None else {})}

    def frames(self) -> Iterator[Frame]:
        """The present state of every gateway that is held, by name."""
        for name in self.names():
            if not self.holds(name):
                continue
            if name in self._statuses:
                yield status_frame(name, self._statuses[name])
            if (gateway := self._by_name.get(name)) is not None:
                yield from gateway.frames()


def status_frame(name: str, status: str) -> Frame:
    """A gateway's status as a stream's client gets it."""
    return Frame("status", name, b'{"gateway":"%b","status":"%b"}' % (name.encode(), status.encode()))
