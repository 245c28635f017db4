"""What is known of each gateway right now."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from meterkast_api.stream import Frame

KEPT_REJECTED = 50
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
    status: str = "unknown"
    status_frame: Frame | None = None
    reading: bytes | None = None
    reading_at: datetime | None = None
    reading_frame: Frame | None = None
    summary: dict[str, Any] = field(default_factory=dict)
    telegram: Telegram | None = None
    device: bytes | None = None
    rejected: deque[bytes] = field(default_factory=lambda: deque(maxlen=KEPT_REJECTED))

    def line(self) -> dict[str, Any]:
        """The gateway's entry in the list of meters."""
        return {"gateway": self.name, "status": self.status, **self.summary}

    def forget(self) -> None:
        """Drop what the broker does not retain: somebody has cleared what it did."""
        self.telegram = None
        self.rejected.clear()

    @property
    def empty(self) -> bool:
        """Whether nothing is known of it any more."""
        return not (self.reading or self.status_frame or self.device or self.telegram or self.rejected)

    def frames(self) -> Iterator[Frame]:
        """The present state as a stream's client gets it."""
        if self.status_frame is not None:
            yield self.status_frame
        if self.device is not None:
            yield Frame("device", self.name, self.device)
        if self.rejected:
            yield Frame("rejected", self.name, self.rejected[-1])
        if self.reading_frame is not None:
            yield self.reading_frame


class Gateways:
    """Every gateway heard of since the start, by name."""

    def __init__(self) -> None:
        self._by_name: dict[str, Gateway] = {}

    @contextmanager
    def named(self, name: str) -> Iterator[Gateway]:
        """Give the gateway, a new one at its first message; one of which nothing is known afterwards is dropped."""
        gateway = self._by_name.setdefault(name, Gateway(name))
        try:
            yield gateway
        finally:
            if gateway.empty:
                del self._by_name[name]

    def get(self, name: str) -> Gateway | None:
        """Return the gateway, None where it has sent nothing."""
        return self._by_name.get(name)

    def names(self) -> list[str]:
        """Every name, sorted."""
        return sorted(self._by_name)

    def frames(self) -> Iterator[Frame]:
        """The present state of every gateway, by name."""
        for name in self.names():
            yield from self._by_name[name].frames()
