"""What is typed at one terminal, waiting to be taken; a flood of it fills nothing."""

import asyncio
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from meterkast_console.terminal.keys import ENTER, REQUEST_LENGTH, is_request, keys
from meterkast_console.terminal.wire import CHUNK, Wire

MOST_WAITING = 512
LINE = 2
PACE_S = 0.05
"""Nobody types 5,000 letters a second: what floods us waits, and takes no time from others."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key; `trailing` where it came together with one before it, as the Enter of a line does.

    `alone` is a key with which nothing else came but such an Enter: what somebody has pressed, not pasted or sent.
    """

    key: str
    trailing: bool = False
    alone: bool = True


def pressed(text: str) -> list[Pressed]:
    """The keys of what came at once."""
    came = list(keys(text))
    alone = len(came) == 1 or (len(came) == LINE and came[1] == ENTER)
    return [Pressed(key, trailing=number > 0, alone=alone) for number, key in enumerate(came)]


class Keyboard:
    """Reads the wire; `wake` is set when a key waits and at the end."""

    def __init__(self, wire: Wire, wake: asyncio.Event) -> None:
        self.ended = False
        self.request = False
        self._wire = wire
        self._wake = wake
        self._waiting: deque[Pressed] = deque(maxlen=MOST_WAITING)
        self._begun = ""
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to read."""
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Read no more."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def take(self) -> Pressed | None:
        """The next key, None where none waits."""
        return self._waiting.popleft() if self._waiting else None

    def forget(self) -> None:
        """Take no notice of what was typed before now: it cannot be the answer to what is asked now."""
        self._waiting.clear()

    async def next(self) -> Pressed | None:
        """Wait for the next key; None at the end."""
        while not self._waiting and not self.ended:
            self._wake.clear()
            await self._wake.wait()
        return self.take()

    async def _read(self) -> None:
        try:
            while text := await self._wire.read():
                if len(self._begun) < REQUEST_LENGTH:
                    self._begun = (self._begun + text)[:REQUEST_LENGTH]
                    if is_request(self._begun):
                        self.request = True
                        return
                self._waiting.extend(pressed(text))
                self._wake.set()
                await asyncio.sleep(PACE_S if len(text) >= CHUNK else 0)
        finally:
            self.ended = True
            self._wake.set()
