"""Telegrams of a known shape read by position: a meter's telegrams differ from one to the next in digits alone.

A telegram with every digit turned into `0` is the key of its shape. Equal keys mean equal positions, and digits
wherever the first one had them; the codes are compared besides, all at once as one large number. So numbers are cut
out and converted without looking at single lines, whatever the number of meters. A shape is made of what the
line-by-line way would do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter

from meterkast_contracts.catalogue import Type

from meterkast_parser.errors import LineError
from meterkast_parser.groups import group_spans
from meterkast_parser.lines import Draft, Taker, taker_of
from meterkast_parser.plans import PLANS
from meterkast_parser.telegram import line_spans, unwrapped

_MASK = bytes(ord("0") if chr(byte) in "0123456789" else byte for byte in range(256))

Cut = Callable[[str], tuple[str, ...]]


def _cut(slices: Sequence[slice]) -> Cut:
    """Return what cuts all slices out of a text at once."""
    match slices:
        case []:
            return lambda _: ()
        case [only]:
            return lambda text: (text[only],)
        case _:
            return itemgetter(*slices)


def _unwrapping(cut: Cut) -> Cut:
    return lambda text: tuple(unwrapped(part) for part in cut(text))


@dataclass(frozen=True, slots=True)
class Shape:
    """Where everything stands in telegrams of one shape."""

    codes: int
    codes_mask: int
    integer_names: tuple[str, ...]
    integers: Cut
    decimal_names: tuple[str, ...]
    decimals: Cut
    lines: tuple[tuple[Taker, Cut], ...]

    def fill(self, draft: Draft, body: bytes, text: str) -> bool:
        """Enter a telegram into the draft; return False for one of another shape, raise LineError on bad lines."""
        if int.from_bytes(body, "big") & self.codes_mask != self.codes:
            return False
        values = draft.values
        values.update(zip(self.integer_names, map(int, self.integers(text.replace(".", ""))), strict=True))
        values.update(zip(self.decimal_names, map(Decimal, self.decimals(text)), strict=True))
        for take, groups in self.lines:
            take(draft, groups(text))
        return True


class _Builder:
    """Collects the positions of one shape."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._mask = bytearray(len(text))
        self.integers: dict[str, slice] = {}
        self.decimals: dict[str, slice] = {}
        self.lines: list[tuple[Taker, Cut]] = []

    def take(self, start: int, end: int) -> None:
        """Find the way for the line that stands at start to end."""
        code, _, rest = self._text[start:end].partition("(")
        if not rest.endswith(")"):
            raise LineError(f"{code[:20]!r} is no data line")
        inner = start + len(code) + 1
        self._mask[start:inner] = b"\xff" * (inner - start)
        if not self._take_number(code, rest, inner) and (rest != ")" or code not in PLANS.texts):
            spans = group_spans(self._text[inner - 1 : end])
            groups = _cut([slice(inner - 1 + at, inner - 1 + to) for at, to in spans])
            wrapped = any("\n" in group for group in groups(self._text))
            self.lines.append((taker_of(code), _unwrapping(groups) if wrapped else groups))

    def _take_number(self, code: str, rest: str, inner: int) -> bool:
        digits, star, unit = rest.partition("*")
        target = PLANS.measured.get(code, {}).get(unit) if star else _unitless_target(code)
        number = digits if star else rest.removesuffix(")")
        whole, _, fraction = number.partition(".")
        if not target or not whole or not (whole + fraction).isdecimal():
            return False
        name, shift = target
        if len(fraction) == shift:
            dots = self._text.count(".", 0, inner)
            self.integers.setdefault(name, slice(inner - dots, inner - dots + len(whole) + len(fraction)))
        elif not shift and star:
            self.decimals.setdefault(name, slice(inner, inner + len(number)))
        else:
            return False
        return True

    def build(self) -> Shape:
        mask = int.from_bytes(self._mask, "big")
        return Shape(
            codes=int.from_bytes(self._text.encode("latin-1"), "big") & mask,
            codes_mask=mask,
            integer_names=tuple(self.integers),
            integers=_cut(list(self.integers.values())),
            decimal_names=tuple(self.decimals),
            decimals=_cut(list(self.decimals.values())),
            lines=tuple(self.lines),
        )


def _unitless_target(code: str) -> tuple[str, int] | None:
    """Return the target of a counter or state, which has no unit; None for everything else."""
    entries = PLANS.numbers.get(code, ())
    return (entries[0].name, 0) if len(entries) == 1 and entries[0].type is Type.INTEGER else None


class Shapes:
    """The shapes seen so far; one is made when its key comes for the second time."""

    LIMIT = 1024

    def __init__(self) -> None:
        self._shapes: dict[bytes, Shape] = {}
        self._seen: set[int] = set()

    def __len__(self) -> int:
        return len(self._shapes)

    def fill(self, draft: Draft, body: bytes, text: str) -> bool:
        """Enter the telegram if its shape is known; return False, and learn the shape, if it is not."""
        key = body.translate(_MASK)
        shape = self._shapes.get(key)
        if shape is not None:
            return shape.fill(draft, body, text)
        self._learn(key, text)
        return False

    def _learn(self, key: bytes, text: str) -> None:
        if hash(key) not in self._seen:
            if len(self._seen) >= self.LIMIT:
                self._seen.clear()
            self._seen.add(hash(key))
            return
        if len(self._shapes) >= self.LIMIT:
            self._shapes.clear()
        builder = _Builder(text)
        for start, end in line_spans(text):
            builder.take(start, end)
        self._shapes[key] = builder.build()
