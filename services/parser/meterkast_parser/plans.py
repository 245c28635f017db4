"""The catalogue turned into the look-ups that decoding needs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from meterkast_contracts.catalogue import CATALOGUE, UNITS, Entry, Quantity, Type, codes_of

_ADDRESS = re.compile(r"(?:(\d{1,2}-\d{1,2}):)?([0-9A-F]{1,3})[.:]([0-9A-F]{1,3})(?:\.([0-9]{1,3}))?(?:[*.&]\d{1,3})?")


@dataclass(frozen=True, slots=True)
class TextPlan:
    """Where a text goes, and whether it is spelt in hex."""

    name: str
    octets: bool
    rank: int


@dataclass(frozen=True, slots=True)
class Plans:
    """Every catalogue code with what to do: numbers, texts, structured lines."""

    numbers: Mapping[str, tuple[Entry, ...]]
    texts: Mapping[str, TextPlan]
    structured: Mapping[str, Entry]

    def names_of(self, code: str) -> set[str]:
        """Return the names that a code's number can have."""
        entries = [*self.numbers.get(code, ()), *filter(None, [self.structured.get(code)])]
        return {entry.name for entry in entries}


def _numeric() -> Iterator[tuple[str, Entry]]:
    for entry in CATALOGUE:
        if entry.type in (Type.DECIMAL, Type.INTEGER) and not entry.codes[0].startswith("0-n"):
            for pattern in entry.codes:
                for code in codes_of(pattern):
                    yield code, entry


def build_plans() -> Plans:
    """Build the look-ups from the catalogue."""
    numbers: dict[str, tuple[Entry, ...]] = {}
    for code, entry in _numeric():
        numbers[code] = (*numbers.get(code, ()), entry)
    texts: dict[str, TextPlan] = {}
    structured: dict[str, Entry] = {}
    for entry in CATALOGUE:
        for rank, code in enumerate(code for pattern in entry.codes for code in codes_of(pattern)):
            if entry.type in (Type.OCTETS, Type.PLAIN):
                texts.setdefault(code, TextPlan(entry.name, entry.type is Type.OCTETS, rank))
            elif entry.type not in (Type.DECIMAL, Type.INTEGER):
                structured[code] = entry
    return Plans(numbers, texts, structured)


PLANS = build_plans()


def shift_of(entries: tuple[Entry, ...], unit: str) -> tuple[str, int] | None:
    """Return name and shift for a unit as any meter spells it; a missing unit is taken where only one is possible."""
    for entry in entries:
        units = UNITS[entry.quantity][1]
        if unit.lower() in units and unit != "mW":
            return entry.name, units[unit.lower()]
    if not unit and len(entries) == 1:
        return entries[0].name, _unitless_shift(entries[0].quantity)
    return None


def _unitless_shift(quantity: Quantity) -> int:
    """Meters that leave out the unit mean the standard's: kW, kvar, kVA, and else ours."""
    return 3 if quantity in (Quantity.POWER, Quantity.REACTIVE_POWER, Quantity.APPARENT_POWER) else 0


@lru_cache(maxsize=4096)
def normal_code(code: str) -> str | None:
    """Return `A-B:C.D.E` for the spellings meters use (`*255`, `.255`, `1-0:99:97.0`, `1.8.0`), None for no code."""
    match = _ADDRESS.fullmatch(code)
    if not match:
        return None
    channel, *fields = match.groups()
    return f"{channel or '1-0'}:{'.'.join(field for field in fields if field is not None)}"
