"""What a parser makes of a line, and how its numbers are read."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

TARIFFS = ("energy_import_t1_wh", "energy_import_t2_wh", "energy_export_t1_wh", "energy_export_t2_wh")
GAS = "gas_l"
WATER = "water_l"
KINDS = {GAS: "gas", WATER: "water"}
THOUSANDTHS = 3
MOST = 10_000_000_000
"""Wh or litres: ten times what the widest register of a meter can show."""

_NUMBER = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,20})?")
Lines = Iterable[tuple[int, str]]


class LineError(ValueError):
    """Why a line cannot be taken."""


@dataclass(frozen=True, slots=True)
class Standings:
    """Registers as they stood at `at` (Unix ms), the end of a period that began at `start`; `part` is their table.

    The newest of a part is of a period that was still `running` when the file was made.
    """

    line: int
    at: int
    start: int
    registers: Mapping[str, int]
    part: str = ""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What was used from `start` to `end` (Unix ms)."""

    line: int
    start: int
    end: int
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line, or one value of it, that is left out, and why."""

    line: int
    reason: str


Record = Standings | Amounts | Refusal
Records = Iterator[Record]


@dataclass(frozen=True, slots=True)
class Context:
    """What a parser is told beside the lines: where the house stands."""

    zone: ZoneInfo


def thousandths(text: str) -> int:
    """Return a number of kWh or m³ as Wh or litres; raises LineError."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise LineError(f"{text[:40]!r} is not a register of a meter")
    value = int(Decimal(text.replace(",", ".")).scaleb(THOUSANDTHS).to_integral_value(ROUND_HALF_EVEN))
    if value >= MOST:
        raise LineError(f"{text[:40]} is more than any meter can show")
    return value


def filled(registers: Mapping[str, int]) -> dict[str, int]:
    """Return the registers without those of devices that are not there; raises LineError where none is left."""
    present = {name: value for name, value in registers.items() if value or name not in KINDS}
    if not any(present.values()):
        raise LineError("all its registers are 0")
    return present
