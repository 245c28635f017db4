"""What one terminal shows: redrawn in place, or line after line; a slow one gets less, not later."""

from typing import Protocol

from meterkast_console.terminal.canvas import CLOSE, OPEN, Canvas
from meterkast_console.terminal.line import Line, line
from meterkast_console.terminal.live import fitted, live_block, reading_line
from meterkast_console.terminal.pages.page import Page, page_block, page_text
from meterkast_console.terminal.pages.telegrams import Telegrams
from meterkast_console.terminal.view import View
from meterkast_console.terminal.wire import Wire

MOST_BACKLOG = 16_384


class Screen(Protocol):
    """Shows a view, live or a page of it."""

    def open(self) -> None:
        """Begin."""

    def show(self, view: View, page: Page | None, top: int) -> int:
        """Show it, a page from its line `top` on; returns the top that is right."""

    def close(self, words: str) -> None:
        """End with a sentence."""


class BlockScreen:
    """Redraws in place."""

    def __init__(self, wire: Wire) -> None:
        self.skipped = 0
        self._wire = wire
        self._canvas = Canvas()

    def open(self) -> None:
        """Take the whole screen."""
        self._wire.write(OPEN)

    def show(self, view: View, page: Page | None, top: int) -> int:
        """Send what has changed, or nothing while the terminal has not taken what was sent before."""
        if self._wire.backlog > MOST_BACKLOG:
            self.skipped += 1
            return top
        if page is None:
            lines = live_block(view)
        else:
            lines, top = page_block(page, view, top)
        if self.skipped:
            lines[-1] = Line(fitted(_told(self.skipped), view).spans)
            self.skipped = 0
        if text := self._canvas.draw(lines, view.size):
            self._wire.write(text)
        return top

    def close(self, words: str) -> None:
        """Give the screen back as it was."""
        self._wire.write(f"{CLOSE}{words}\r\n")


class ScrollScreen:
    """Sends a line per reading, and each page once."""

    def __init__(self, wire: Wire) -> None:
        self.skipped = 0
        self._wire = wire
        self._page: Page | None = None
        self._said = ""
        self._shown: tuple[str, int] | None = None
        self._state = ""

    def open(self) -> None:
        """Say how to go on."""
        self._wire.write("Meterkast. H shows what the keys do, Q quits.\r\n")

    def show(self, view: View, page: Page | None, top: int) -> int:
        """Send what is new, or count it while the terminal has not taken what was sent before."""
        lines = self._news(view, page)
        if not lines and not self.skipped:
            return top
        if self._wire.backlog > MOST_BACKLOG:
            self.skipped += len(lines)
            return top
        if self.skipped:
            lines.insert(0, _told(self.skipped))
            self.skipped = 0
        self._wire.write("".join(f"{fitted_whole(one, view)}\r\n" for one in lines))
        return top

    def close(self, words: str) -> None:
        """Say goodbye."""
        self._wire.write(f"{words}\r\n")

    def _news(self, view: View, page: Page | None) -> list[Line]:
        lines = []
        if page is not None and page is not self._page:
            lines += page_text(page, view)
        elif page is not None and isinstance(page.lines, Telegrams):
            lines += page.lines.news(view)
        elif page is None:
            lines += self._live(view)
        if view.notice and view.notice != self._said:
            lines.append(line(f"* {view.notice}"))
        self._page, self._said = page, view.notice
        return lines

    def _live(self, view: View) -> list[Line]:
        lines = []
        state = view.house.trouble or ("live" if view.house.heard else "Waiting for the API.")
        if state != self._state:
            self._state = state
            lines.append(line(f"* {state}"))
        newest = (view.gateway.name, view.gateway.number)
        if view.gateway.reading is not None and (newest != self._shown or self._page is not None):
            self._shown = newest
            lines.append(reading_line(view))
        return lines


def fitted_whole(one: Line, view: View) -> str:
    """The line in the terminal's characters, however long."""
    return view.charset.fit(one.text)


def _told(skipped: int) -> Line:
    return line(f" ({skipped} updates were skipped: this terminal is slow to take them)")
