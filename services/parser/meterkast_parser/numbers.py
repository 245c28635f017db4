"""Digits of telegrams to numbers, quickly."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache, partial

from meterkast_contracts.messages import Number

from meterkast_parser.groups import shifted

SHORT = 8

Convert = Callable[[bytes], Number]


class _ShortNumbers(dict[bytes, Number]):
    """Numbers by their digits: gauges and counters have so few digits that those of all meters recur."""

    LIMIT = 1 << 15

    def __init__(self, shift: int) -> None:
        super().__init__()
        self._shift = shift

    def __missing__(self, digits: bytes) -> Number:
        if len(self) >= self.LIMIT:
            self.clear()
        number = self[digits] = _number(self._shift, digits)
        return number


def _number(shift: int, digits: bytes) -> Number:
    return shifted(Decimal(digits.decode("latin-1")), shift)


def _without_point(digits: bytes) -> int:
    return int(digits.replace(b".", b""))


@cache
def _short_numbers(shift: int) -> Convert:
    return _ShortNumbers(shift).__getitem__


@cache
def _long_numbers(shift: int) -> Convert:
    return partial(_number, shift)


def converter(shift: int, *, length: int, decimals: int) -> Convert:
    """Return what turns digits into a number times 10^shift; it raises ArithmeticError or ValueError for others."""
    if length <= SHORT:
        return _short_numbers(shift)
    if not shift and not decimals:
        return int
    return _without_point if shift == decimals else _long_numbers(shift)
