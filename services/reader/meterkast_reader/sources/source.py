"""What a source is: something that gives bytes until it is no longer asked."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Protocol

IDLE_S = 0.5
"""A line is idle after this long without a byte; telegrams come in one piece."""

Report = Callable[[str | None], None]
"""Takes a sentence saying what is wrong and what to do, or None when all is well again."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes as they came; none at all means that the line is idle.

    `gap`: what comes next does not continue what came before. `received_ms`: when it was received by the source's own
    clock in Unix milliseconds, None for now; a source that sets it can wait while much is on its way.
    """

    data: bytes = b""
    gap: bool = False
    received_ms: int | None = None


class Source(Protocol):
    """One P1 port, or what stands for it."""

    @property
    def address(self) -> str:
        """Where its telegrams come from, for people."""

    @property
    def line(self) -> str | None:
        """Line setting found, e.g. `9600 7E1`; None where that has no meaning or is not known yet."""

    def read(self, report: Report) -> AsyncGenerator[Chunk, None]:
        """Give chunks; lost connections are made again without end. Ends only where there is nothing more to come."""
