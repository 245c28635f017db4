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

    def take(self, telegram: str) -> None:
        """Take one telegram."""
        lines = telegram.replace("\r\n", "\n").split("\n")
        self.lines.extend(lines)
        self.fresh = [*self.fresh, *lines][-MOST_LINES:]

    def __call__(self, view: View) -> list[Line]:
        """The lines, long ones folded."""
        return self._folded(list(self.lines), view) or [line(" Waiting for a telegram.")]

    def news(self, view: View) -> list[Line]:
        """The lines since the last call."""
        fresh, self.fresh = self.fresh, []
        return self._folded(fresh, view)

    @staticmethod
    def _folded(lines: list[str], view: View) -> list[Line]:
        width = view.width
        return [line(one[at : at + width]) for one in lines for at in range(0, max(len(one), 1), width)]
