"""What is to be published, and who else than the gateway itself makes something of a reading."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from meterkast_contracts.messages import Reading


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to publish with QoS 1."""

    topic: str
    payload: bytes
    retain: bool


class Publisher(Protocol):
    """Makes messages for other programs of each published reading."""

    def messages(self, previous: Reading | None, reading: Reading) -> Iterable[Outgoing]:
        """Return what a reading gives after the previous one of its gateway, None at the first."""

    def retained(self, gateway: str) -> tuple[str, ...]:
        """Return topics or filters of what is retained for a gateway, to be cleared with it."""
