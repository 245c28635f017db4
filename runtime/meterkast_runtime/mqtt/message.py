"""What is received, and what the broker says for us when we are gone."""

from dataclasses import dataclass, field
from typing import Protocol


class Acknowledger(Protocol):
    """The connection a message came by."""

    def acknowledge(self, mid: int) -> None:
        """Send PUBACK, if the connection still stands."""


@dataclass(slots=True, eq=False)
class Message:
    """One received message; `ack` it when its work is done, or the broker will send it again."""

    topic: str
    payload: bytes
    retain: bool = False
    duplicate: bool = False
    mid: int = field(default=0, repr=False)
    origin: Acknowledger | None = field(default=None, repr=False)

    def ack(self) -> None:
        """Acknowledge once; of no effect for QoS 0 and when the connection it came by is gone."""
        origin, self.origin = self.origin, None
        if origin is not None:
            origin.acknowledge(self.mid)


@dataclass(frozen=True, slots=True)
class Will:
    """The last will: what the broker publishes when the connection breaks without a goodbye."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True
