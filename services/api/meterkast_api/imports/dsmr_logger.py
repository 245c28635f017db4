"""The DSMR logger's files: PRD…csv, RING…csv and RING…/RNG…json, each a ring of hours, days or months."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from meterkast_api.imports.record import (
    GAS,
    TARIFFS,
    WATER,
    Context,
    LineError,
    Lines,
    Records,
    Refusal,
    Standings,
    filled,
    thousandths,
)
from meterkast_api.imports.walltime import Length, period, wall_clock

HEADER = re.compile(r"YYMM(DD(HH)?)?\s*;\s*EDT1\s*;\s*EDT2\s*;\s*ERT1\s*;\s*ERT2\s*;\s*GDT\b")
JSON_HEAD = re.compile(r'\{\s*"actSlot"\s*:\s*\d+\s*,\s*"data"\s*:')
NAMES = (*TARIFFS, GAS, WATER)
FEWEST = 5
LENGTHS = {4: Length.MONTH, 6: Length.DAY}
SLOTS = {49: Length.HOUR, 15: Length.DAY, 25: Length.MONTH}
EMPTY = frozenset({"0000", "000000", "00000000", "21000000"})
_JSON_RECORD = re.compile(r'"date"\s*:\s*"([^"]*)"\s*,\s*"values"\s*:\s*\[([^\]]*)\]')
_DIGITS = re.compile(r"[0-9]{8}|[0-9]{6}|[0-9]{4}")


@dataclass(frozen=True, slots=True)
class Slot:
    """One record of the ring."""

    line: int
    key: str
    values: tuple[str, ...]


def parse_csv(lines: Lines, context: Context) -> Records:
    """Read `YYMMDDHH; EDT1; EDT2; ERT1; ERT2; GDT;`: each record the registers at the end of its period."""
    return _records([slot for line, text in lines for slot in _csv_slots(line, text)], context)


def parse_json(lines: Lines, context: Context) -> Records:
    """Read `{"date":"YYMMDDHH","values":[…]}`, the same records with water as sixth value in the newer ones."""
    return _records([slot for line, text in lines for slot in _json_slots(line, text)], context)


def _csv_slots(line: int, text: str) -> Iterator[Slot]:
    if text.strip() and not HEADER.match(text):
        key, *values = (cell.strip() for cell in text.split(";"))
        yield Slot(line, key, tuple(value for value in values if value))


def _json_slots(line: int, text: str) -> Iterator[Slot]:
    for found in _JSON_RECORD.finditer(text):
        yield Slot(line, found[1].strip(), tuple(value.strip() for value in found[2].split(",")))


def _records(slots: list[Slot], context: Context) -> Records:
    used = [slot for slot in slots if slot.key not in EMPTY]
    length = _length(used, len(slots))
    for slot in used:
        try:
            yield _standings(slot, length, context)
        except LineError as error:
            yield Refusal(slot.line, str(error))


def _standings(slot: Slot, length: Length, context: Context) -> Standings:
    if not _DIGITS.fullmatch(slot.key):
        raise LineError(f"{slot.key[:20]!r} is no key such as 24013123")
    if not FEWEST <= len(slot.values) <= len(NAMES):
        raise LineError(f"it has {len(slot.values)} values, not {FEWEST} or {len(NAMES)}")
    digits = slot.key[: 8 if length is Length.HOUR else 6]
    begin = wall_clock(digits.ljust(6, "x").replace("xx", "01"), "%y%m%d%H" if length is Length.HOUR else "%y%m%d")
    start, at = period(begin, length, context.zone)
    pairs = zip(NAMES, slot.values, strict=False)
    return Standings(slot.line, at, start, filled({name: thousandths(text) for name, text in pairs}), part=length)


def _length(slots: list[Slot], count: int) -> Length:
    """Keys of eight digits are those of hours, days and months alike: how they differ tells, else how many slots."""
    keys = [slot.key for slot in slots if _DIGITS.fullmatch(slot.key)]
    short = {len(key) for key in keys} & LENGTHS.keys()
    if short:
        return LENGTHS[min(short)]
    if len(keys) > 1:
        if len({key[:6] for key in keys}) < len(keys):
            return Length.HOUR
        return Length.DAY if len({key[:4] for key in keys}) < len(keys) else Length.MONTH
    return SLOTS.get(count, Length.HOUR)
