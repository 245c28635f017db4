"""The places of one telegram: which bytes are the same in every telegram of its shape, and where the others stand."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from operator import itemgetter
from struct import Struct
from typing import NamedTuple

from meterkast_parser.errors import LineError
from meterkast_parser.groups import group_spans, parse_number
from meterkast_parser.lines import Taker, taker_of
from meterkast_parser.plans import normal_code
from meterkast_parser.telegram import line_spans

_SAME, _DIGIT, _LETTER = 0xFF, 0xF0, 0xFB
"""What masks leave of a byte: all, what all digits share, what `S` and `W` share."""
_TIME = re.compile(r"\d{12}[SW]?")
_NUMBER = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?")

Span = tuple[int, int]


class Line(NamedTuple):
    """A data line: its code, what reads it alone, its groups and where they stand."""

    code: str
    take: Taker
    groups: list[str]
    spans: list[Span]

    @property
    def wrapped(self) -> bool:
        """Whether a group goes on in the next line."""
        return any("\n" in group or "\r" in group for group in self.groups)


class NumberPlace(NamedTuple):
    """Where a number's digits stand, and its unit, which stays the same."""

    span: Span
    unit: str
    decimals: int

    @property
    def length(self) -> int:
        """How many characters the number has, the point included."""
        return self.span[1] - self.span[0]


class Places:
    """A telegram's mask in the making: everything stays the same but the digits and times inside groups."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.mask = bytearray([_SAME]) * len(text)
        self._loosen((0, text.find("\n")))

    def lines(self) -> list[Line]:
        """Return the data lines; raise LineError for one that is none."""
        return [self._line(start, end) for start, end in line_spans(self.text)]

    def fix(self, span: Span) -> None:
        """Make the bytes there stay the same."""
        self.mask[slice(*span)] = bytes([_SAME]) * (span[1] - span[0])

    def number(self, span: Span) -> NumberPlace | None:
        """Return where the number of a group stands, None for one that is not spelt plainly; raise LineError."""
        group = self.text[slice(*span)]
        digits = _NUMBER.match(group)
        number, unit = parse_number(group)
        if digits is None or Decimal(digits.group()) != number:
            return None
        end = span[0] + digits.end()
        self.fix((end, span[1]))
        return NumberPlace((span[0], end), unit, len(digits.group().partition(".")[2]))

    def _line(self, start: int, end: int) -> Line:
        spelt, _, rest = self.text[start:end].partition("(")
        code = normal_code(spelt)
        if code is None or not rest.endswith(")"):
            raise LineError(f"{spelt[:20]!r} is no data line")
        inner = start + len(spelt)
        spans = [(inner + left, inner + right) for left, right in group_spans(self.text[inner:end])]
        for span in spans:
            self._loosen(span)
        return Line(code, taker_of(spelt), [self.text[slice(*span)] for span in spans], spans)

    def _loosen(self, span: Span) -> None:
        group = self.text[slice(*span)]
        for place, character in enumerate(group, span[0]):
            if character in "0123456789":
                self.mask[place] = _DIGIT
        if is_time(group) and group[-1] in "SW":
            self.mask[span[1] - 1] = _LETTER


def is_time(group: str) -> bool:
    """Whether a group is a time as the standard prints it."""
    return _TIME.fullmatch(group) is not None and group.isascii()


def cut_bytes(spans: Sequence[Span]) -> Callable[[bytes], tuple[bytes, ...]]:
    """Return what cuts all spans, which stand one behind the other, out of a telegram."""
    parts, at = [], 0
    for start, end in spans:
        parts.append(f"{start - at}x{end - start}s")
        at = end
    return Struct("".join(parts)).unpack_from


def cut_text(spans: Sequence[Span]) -> Callable[[str], tuple[str, ...]]:
    """Return what cuts all spans out of a telegram's text."""
    slices = [slice(*span) for span in spans]
    match slices:
        case []:
            return lambda _: ()
        case [only]:
            return lambda text: (text[only],)
        case _:
            return itemgetter(*slices)
