"""The parenthesised groups of a data line, and the numbers in them."""

import re
from decimal import Decimal
from functools import lru_cache

from meterkast_parser.errors import LineError

IDS = 2**15
"""How many octet strings are remembered: the meters and devices of 10,000 gateways."""
ID_LENGTH = 64

_GROUP = re.compile(r"\(((?:[^()]|\([^()]*\))*)\)")
_NUMBER = re.compile(r"\s*(-?\d{1,18}(?:\.\d{1,18})?)\s*\*?\s*([A-Za-z°/][A-Za-z0-9/]*)?\s*")


def group_spans(groups: str) -> list[tuple[int, int]]:
    """Return where the texts of `(a)(b)(c)` stand, line ends between them allowed; raise LineError on anything else."""
    spans = [match.span(1) for match in _GROUP.finditer(groups)]
    covered = sum(end - start + 2 for start, end in spans)
    if covered != len(groups) and _GROUP.sub("", groups).strip("\r\n"):
        raise LineError(f"parentheses of {groups[:40]!r} do not pair")
    return spans


def split_groups(rest: str) -> list[str]:
    """Return the texts of `a)(b)(c)`, the first parenthesis already taken off; raise LineError on anything else."""
    groups = "(" + rest
    return [groups[start:end] for start, end in group_spans(groups)]


def parse_number(text: str) -> tuple[Decimal, str]:
    """Return number and unit (`` where there is none) of `000123.456*kWh`; raise LineError."""
    match = _NUMBER.fullmatch(text)
    if not match:
        raise LineError(f"{text[:40]!r} is no number")
    return Decimal(match.group(1)), match.group(2) or ""


def shifted(value: Decimal, places: int) -> int | Decimal:
    """Return the value times 10^places, an int where no decimals are left."""
    result = value.scaleb(places)
    if not places:
        return result if result.as_tuple().exponent else int(result)
    return int(result) if result == result.to_integral_value() else Decimal(f"{result:f}")


def octets(text: str) -> str:
    """Return the text that an octet string spells in hex, the string itself where it is none, without padding."""
    return _remembered(text) if len(text) <= ID_LENGTH else _spelt(text)


def _spelt(text: str) -> str:
    stripped = text.strip()
    if len(stripped) % 2 == 0:
        try:
            decoded = bytes.fromhex(stripped)
        except ValueError:
            return stripped.strip("\xff").strip()
        if decoded.isascii() and (spelt := decoded.decode("ascii")).isprintable():
            return spelt.strip()
    return stripped.strip("\xff").strip()


_remembered = lru_cache(maxsize=IDS)(_spelt)
