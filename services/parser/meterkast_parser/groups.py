"""The parenthesised groups of a data line, and the numbers in them."""

import re
from decimal import Decimal

from meterkast_parser.errors import LineError

_GROUP = re.compile(r"\(((?:[^()]|\([^()]*\))*)\)")
_NUMBER = re.compile(r"\s*(-?\d{1,18}(?:\.\d{1,18})?)\s*\*?\s*([A-Za-z°/][A-Za-z0-9/]*)?\s*")
_PRINTABLE = range(0x20, 0x7F)


def split_groups(rest: str) -> list[str]:
    """Return the texts of `a)(b)(c)` (the first parenthesis already taken off); raise LineError on anything else."""
    whole = "(" + rest
    groups = [match.group(1) for match in _GROUP.finditer(whole)]
    if sum(len(group) + 2 for group in groups) != len(whole):
        raise LineError(f"parentheses of {whole[:40]!r} do not pair")
    return groups


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
    stripped = text.strip()
    if len(stripped) % 2 == 0:
        try:
            decoded = bytes.fromhex(stripped)
        except ValueError:
            decoded = b""
        if decoded and all(byte in _PRINTABLE for byte in decoded):
            return decoded.decode("ascii").strip()
    return stripped.strip("\xff").strip()
