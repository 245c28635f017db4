"""Raw telegrams, running past."""

from collections import deque

from meterkast_console.terminal.line import Line, line
from meterkast_console.terminal.view import View

MOST_LINES = 400


class Telegrams:
    """The last lines of the telegrams that came while the page was open."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=MOST_LINES)
        self.fresh: list[str] = []
        self.left_out = 0

    def take(self, telegram: str) -> None:
        """Take one telegram."""
        lines = telegram.replace("\r\n", "\n").split("\n")
        self.lines.extend(lines)
        fresh = [*self.fresh, *lines]
        self.left_out += max(len(fresh) - MOST_LINES, 0)
        self.fresh = fresh[-MOST_LINES:]

    def __call__(self, view: View) -> list[Line]:
        """The lines, long ones folded."""
        return self._folded(list(self.lines), view) or [line(" Waiting for a telegram.")]

    def news(self, view: View) -> list[Line]:
        """The lines since the last call; what was too much is said."""
        fresh, self.fresh = self.fresh, []
        left_out, self.left_out = self.left_out, 0
        told = [line(f" ({left_out} lines are left out)")] if left_out else []
        return [*told, *self._folded(fresh, view)]

    @staticmethod
    def _folded(lines: list[str], view: View) -> list[Line]:
        width = view.width
        return [line(one[at : at + width]) for one in lines for at in range(0, max(len(one), 1), width)]
