"""Drawing in place: only lines that differ from what is there are sent."""

from collections.abc import Sequence

from meterkast_console.terminal.line import Line
from meterkast_console.terminal.view import Size

OPEN = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
CLOSE = "\x1b[0m\x1b[2J\x1b[?7h\x1b[?25h\x1b[?1049l"
"""Cleared first, since tmux brings parts of it back where the window has changed its size."""
CLEAR = "\x1b[0m\x1b[2J"
ERASE = "\x1b[K"
"""After a full line it would take the last column away."""


class Canvas:
    """The screen of one terminal as it was sent last."""

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._size: Size | None = None

    def draw(self, lines: Sequence[Line], size: Size) -> str:
        """What to send so that the terminal shows these lines; nothing where it does already."""
        wanted = [one.ansi() for one in lines]
        fresh = size != self._size
        shown = [] if fresh else self._shown
        changed = [
            f"\x1b[{row};1H{text}{'' if one.width >= size.columns else ERASE}"
            for row, (one, text) in enumerate(zip(lines, wanted, strict=True), 1)
            if row > len(shown) or shown[row - 1] != text
        ]
        self._shown, self._size = wanted, size
        return (CLEAR if fresh else "") + "".join(changed)
