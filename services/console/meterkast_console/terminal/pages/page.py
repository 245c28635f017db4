"""A page: what one key shows until the next is pressed."""

from collections.abc import Callable
from dataclasses import dataclass

from meterkast_console.terminal.labels import notice, rule
from meterkast_console.terminal.line import Line, Span, Style, ends, line
from meterkast_console.terminal.live import fitted
from meterkast_console.terminal.view import View

Lines = Callable[[View], list[Line]]


@dataclass(frozen=True, slots=True)
class Page:
    """A title and what makes the lines; `tail` shows the end of them, as of something that grows."""

    title: str
    lines: Lines
    tail: bool = False


def page_block(page: Page, view: View, top: int) -> tuple[list[Line], int]:
    """The page as a whole screen from its line `top` on, and the top where that one is too far down."""
    body = page.lines(view)
    told = notice(view)
    room = max(view.size.rows - 3 - max(len(told), 1), 1)
    last = max(len(body) - room, 0)
    top = last if page.tail else min(max(top, 0), last)
    shown = body[top : top + room]
    shown += [Line()] * (room - len(shown))
    head = ends(
        line(" ", Span(page.title, Style.TITLE)),
        line(Span(f"{view.gateway.name} ", Style.KEY)),
        view.width,
    )
    foot = told or [line(Span(f" {_footer(top, room, len(body), page)}", Style.FAINT))]
    lines = [head, rule(view), *shown, rule(view), *foot]
    return [fitted(one, view) for one in lines[: view.size.rows]], top


def page_text(page: Page, view: View) -> list[Line]:
    """The page for a terminal that only scrolls: all of it."""
    lines = [line(f"-- {page.title} --"), *page.lines(view)]
    return [Line(fitted(one, view).spans) for one in lines]


def _footer(top: int, room: int, count: int, page: Page) -> str:
    if count <= room or page.tail:
        return "any key: back"
    left = count - top - room
    return f"space: next page ({left} more lines)   arrows: scroll" if left > 0 else "arrows: scroll   any key: back"
