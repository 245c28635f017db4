"""Telegrams of a known shape read by position: a meter's telegrams differ from one to the next in digits alone.

A shape is made of one telegram. It knows which bytes must be the same in another one (codes, units, parentheses) and
where numbers, times and texts stand. A telegram, taken as one large number, has that shape if masking leaves what it
left of the first one. Its numbers are then cut out at once and converted without looking at lines, whatever the number
of meters. What the mask lets through besides digits (`:;<=>?`) is no number; such a telegram is left to the
line-by-line way, which is the reference for all others too.
"""

from decimal import Decimal

from meterkast_parser.errors import LineError
from meterkast_parser.layout import Layout, survey
from meterkast_parser.lines import Draft, Values
from meterkast_parser.places import cut_bytes, cut_text
from meterkast_parser.times import LocalTimes

_DIGITS_AS_ZERO = bytes(ord("0") if chr(byte) in "0123456789" else byte for byte in range(256))


class Shape:
    """What is the same in all telegrams of one shape, and where the rest stands."""

    def __init__(self, body: bytes, layout: Layout) -> None:
        self.mask = int.from_bytes(layout.places.mask, "big")
        self.masked = int.from_bytes(body, "big") & self.mask
        groups = layout.numbers.items()
        self._numbers = [(tuple(spans), convert, cut_bytes(list(spans.values()))) for convert, spans in groups]
        self._decimals = tuple(layout.decimals), cut_text(list(layout.decimals.values()))
        self._blank: Values = dict.fromkeys([name for names, _, _ in self._numbers for name in names], 0)
        self._blank.update(dict.fromkeys(layout.decimals, 0))
        self._steps = layout.steps

    def read(self, body: bytes, text: str, times: LocalTimes) -> Draft:
        """Return what the telegram says; raise LineError, ValueError or ArithmeticError for bad lines."""
        values = self._blank.copy()  # names and cuts are of one length, so that zip need not check it each time
        for names, convert, cut in self._numbers:
            values.update(zip(names, map(convert, cut(body)), strict=False))
        names, cut_decimals = self._decimals
        values.update(zip(names, map(Decimal, cut_decimals(text)), strict=False))
        draft = Draft(times, values)
        for step in self._steps:
            step(draft, text)
        return draft


class Shapes:
    """The shapes seen so far; one is made of the second telegram that differs from another in digits alone."""

    LIMIT = 1024
    ALIKE = 16

    def __init__(self) -> None:
        self._by_length: dict[int, list[Shape]] = {}
        self._seen: set[int] = set()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def read(self, body: bytes, text: str, times: LocalTimes) -> Draft | None:
        """Return what the telegram says; None, having learnt its shape, where that is new or a line is bad."""
        number = int.from_bytes(body, "big")
        for shape in self._by_length.get(len(body), ()):
            if number & shape.mask == shape.masked:
                try:
                    return shape.read(body, text, times)
                except (LineError, ValueError, ArithmeticError):
                    return None
        self._learn(body, text)
        return None

    def _learn(self, body: bytes, text: str) -> None:
        key = hash(body.translate(_DIGITS_AS_ZERO))
        if key not in self._seen:
            if len(self._seen) >= self.LIMIT:
                self._seen.clear()
            self._seen.add(key)
            return
        self._seen.remove(key)
        try:
            shape = Shape(body, survey(text))
        except LineError:
            return
        if self._count >= self.LIMIT:
            self._by_length.clear()
            self._count = 0
        alike = self._by_length.setdefault(len(body), [])
        if len(alike) >= self.ALIKE:
            self._count -= len(alike)
            alike.clear()
        alike.append(shape)
        self._count += 1
