"""The ESP-01 logger's PRDmonths.csv: two years of dials, both tariffs together."""

import re
from collections.abc import Sequence

from meterkast_api.imports.record import (
    GAS,
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

HEADER = re.compile(r"YYMM\s*;\s*Energy Del\.?\s*;\s*Energy Ret\.?\s*;\s*Gas Del\.?\s*;")
NAMES = ("energy_import_wh", "energy_export_wh", GAS)


def parse_months(lines: Lines, context: Context) -> Records:
    """Read `YYMM; Energy Del; Energy Ret; Gas Del;`; months of before the logger was there have only zeros."""
    for line, text in lines:
        key, *values = [cell.strip() for cell in text.split(";")]
        if not key or HEADER.match(text):
            continue
        try:
            registers = _registers(values)
            if any(registers.values()):
                start, at = period(wall_clock(key, "%y%m"), Length.MONTH, context.zone)
                yield Standings(line, at, start, filled(registers), part=Length.MONTH)
        except LineError as error:
            yield Refusal(line, str(error))


def _registers(values: Sequence[str]) -> dict[str, int]:
    given = [value for value in values if value]
    if len(given) != len(NAMES):
        raise LineError(f"it has {len(given)} values, not {len(NAMES)}")
    return {name: thousandths(text) for name, text in zip(NAMES, given, strict=True)}
