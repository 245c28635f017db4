"""Bars and sparklines out of characters."""

from collections.abc import Sequence
from fractions import Fraction

from meterkast_console.terminal.charset import Charset

STEPS = (1, 2, 5)
LEAST_SCALE_W = 1000


def scale_for(highest: float) -> int:
    """The next 1, 2 or 5 times a power of ten watts, at least 1 kW, so that bars do not jump at every reading."""
    ten = LEAST_SCALE_W
    while True:
        for step in STEPS:
            if highest <= ten * step:
                return ten * step
        ten *= 10


def bar(value: float, scale: float, width: int, charset: Charset) -> str:
    """A bar of `value / scale` of the width; anything above nothing is seen."""
    if value <= 0 or scale <= 0 or width <= 0:
        return ""
    parts = len(charset.eighths) + 1
    units = min(round(Fraction(value) / Fraction(scale) * width * parts), width * parts)
    whole, rest = divmod(max(units, 1), parts)
    return charset.full * whole + (charset.eighths[rest - 1] if rest else "")


def chart(values: Sequence[float | None], rows: int, charset: Charset, *, highest: float) -> list[str]:
    """A column per value, from nothing to the highest, in so many rows; a value that is unknown is a blank."""
    levels = len(charset.heights)
    filled = [None if value is None else _filled(value, highest, rows * levels) for value in values]
    return ["".join(_cell(fill, row * levels, charset) for fill in filled) for row in reversed(range(rows))]


def _filled(value: float, highest: float, most: int) -> int:
    """How many levels are filled: at least one, for a value that is known."""
    if highest <= 0 or value <= 0:
        return 1
    return min(int(value / highest * most) + 1, most)


def _cell(filled: int | None, below: int, charset: Charset) -> str:
    if filled is None or filled <= below:
        return " "
    levels = len(charset.heights)
    if filled < below + levels or below == 0:
        return charset.heights[min(filled - below, levels) - 1]
    return charset.full if charset.eighths else charset.heights[-1]
