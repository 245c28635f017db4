"""A connected terminal as the program on it sees it."""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from meterkast_console.terminal.charset import ASCII, Charset
from meterkast_console.terminal.view import Size

LEAST = Size(20, 4)
MOST = Size(500, 300)
CHUNK = 256
"""Characters read at once."""


@dataclass(slots=True)
class Capabilities:
    """What the terminal can: `block` is redrawing in place; `changed` is set at each resize."""

    size: Size = field(default_factory=Size)
    charset: Charset = ASCII
    block: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def resize(self, columns: int, rows: int) -> None:
        """Take a size as the terminal tells it; 0 by 0 is what one says that does not know."""
        if columns <= 0 or rows <= 0:
            return
        self.size = Size(
            min(max(columns, LEAST.columns), MOST.columns),
            min(max(rows, LEAST.rows), MOST.rows),
        )
        self.changed.set()


class Wire(Protocol):
    """Text to and from a terminal; a write never waits, `backlog` tells how much of it is not sent yet."""

    kind: str
    address: str
    can: Capabilities

    @property
    def backlog(self) -> int:
        """Bytes written and not yet taken by the other side."""

    async def read(self) -> str:
        """What was typed; nothing at the end."""

    def write(self, text: str) -> None:
        """Send text, lines ended by CR LF."""

    def close(self) -> None:
        """End the connection, at once where something is not taken."""
