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


def spark(values: Sequence[float | None], charset: Charset, *, highest: float | None = None) -> str:
    """One character per value, from nothing to the highest; a value that is unknown is a blank."""
    known = [value for value in values if value is not None]
    top = max(known, default=0.0) if highest is None else highest
    return "".join(" " if value is None else _height(value, top, charset.heights) for value in values)


def _height(value: float, top: float, heights: str) -> str:
    if top <= 0 or value <= 0:
        return heights[0]
    return heights[min(int(value / top * len(heights)), len(heights) - 1)]
