"""Lines of a screen: text in styles, cut and padded by what is seen of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

RESET = "\x1b[0m"


class Style(StrEnum):
    """How a piece of text looks: its SGR parameters (ECMA-48, 8.3.117)."""

    PLAIN = ""
    TITLE = "1"
    FAINT = "2"
    GOOD = "32"
    WARNING = "33"
    BAD = "1;31"
    IMPORT = "36"
    EXPORT = "32"
    KEY = "1;36"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line in one style."""

    text: str
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a screen."""

    spans: tuple[Span, ...] = ()

    @property
    def text(self) -> str:
        """What is seen, without styles."""
        return "".join(span.text for span in self.spans)

    @property
    def width(self) -> int:
        """How many columns it takes."""
        return sum(len(span.text) for span in self.spans)

    def __add__(self, other: "Line") -> "Line":
        return Line(self.spans + other.spans)

    def cut(self, width: int) -> "Line":
        """The line in so many columns at most."""
        return self if self.width <= width else Line(tuple(_cut(self.spans, width)))

    def padded(self, width: int) -> "Line":
        """The line in so many columns at least."""
        missing = width - self.width
        return Line((*self.spans, Span(" " * missing))) if missing > 0 else self

    def ansi(self) -> str:
        """The line with its styles as escape sequences."""
        return "".join(
            f"\x1b[{span.style}m{span.text}{RESET}" if span.style else span.text for span in self.spans if span.text
        )


def line(*pieces: str | Span | Line) -> Line:
    """A line of pieces."""
    spans: list[Span] = []
    for piece in pieces:
        if isinstance(piece, Line):
            spans += piece.spans
        else:
            spans.append(piece if isinstance(piece, Span) else Span(piece))
    return Line(tuple(spans))


def ends(left: Line, right: Line, width: int) -> Line:
    """A line with something at either end; the right one gives way where there is no room."""
    room = width - left.width - right.width
    return left.cut(width) if room < 1 else line(left, " " * room, right)


def flowed(pieces: Iterable[Line], width: int, gap: str = "  ", indent: str = " ") -> list[Line]:
    """Pieces one after another, in as many lines as they need; none is broken."""
    lines: list[Line] = []
    row = line(indent)
    for piece in pieces:
        started = row.width > len(indent)
        if started and row.width + len(gap) + piece.width > width:
            lines.append(row)
            row, started = line(indent), False
        row = line(row, gap if started else "", piece)
    return [*lines, row] if row.width > len(indent) else lines


def _cut(spans: Iterable[Span], width: int) -> Iterator[Span]:
    for span in spans:
        if width <= 0:
            return
        yield Span(span.text[:width], span.style)
        width -= len(span.text)
