"""The formats that can be imported: one row each, recognised by what stands in the file."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from meterkast_api.imports import dsmr_logger, dsmr_reader, esp01, p1_monitor
from meterkast_api.imports.record import Context, Lines, Records

AUTO = "auto"
LOOK_AT = 200
"""So many of the first lines tell what a file is: P1 Monitor's export begins with other tables."""

_OFFSET_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:\d\d|Z)"
_HOUR_LINE = re.compile(rf'"?{_OFFSET_TIME}"?(?:[,;]"?[\d.,]*"?){{5}}\s*$')
_DAY_LINE = re.compile(r'"?(?:\d{4}-\d\d-\d\d|\d\d-\d\d-\d{4})"?(?:[,;][^,;]*){10,17}\s*$')


class UnknownFormatError(ValueError):
    """A file, or a name of a format, that is none of ours."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its name, what it is, whether the first lines of a file are of it, and its parser."""

    name: str
    title: str
    recognise: Callable[[Sequence[str]], bool]
    parse: Callable[[Lines, Context], Records]


def _head(lines: Sequence[str]) -> str:
    return lines[0].replace('"', "") if lines else ""


def _second(pattern: re.Pattern[str]) -> Callable[[Sequence[str]], bool]:
    return lambda lines: len(lines) > 1 and not pattern.match(lines[0]) and pattern.match(lines[1]) is not None


FORMATS = (
    Format(
        "dsmr-logger", "DSMR logger's PRD…csv and RING…csv",
        lambda lines: dsmr_logger.HEADER.match(_head(lines)) is not None, dsmr_logger.parse_csv,
    ),
    Format(
        "dsmr-logger-json", "DSMR logger's RING…json and RNG…json",
        lambda lines: bool(lines) and dsmr_logger.JSON_HEAD.match(lines[0].lstrip()) is not None,
        dsmr_logger.parse_json,
    ),
    Format(
        "esp01-months", "ESP-01 logger's PRDmonths.csv",
        lambda lines: esp01.HEADER.match(_head(lines)) is not None, esp01.parse_months,
    ),
    Format(
        "p1-monitor-sql", "P1 Monitor's SQL export (the zip, or a file of it)",
        lambda lines: any(p1_monitor.STATEMENT.match(line) for line in lines), p1_monitor.parse_sql,
    ),
    Format(
        "p1-monitor-csv", "a table of P1 Monitor's e_historie.db or 06_watermeter.db as CSV",
        lambda lines: _head(lines).upper().startswith(p1_monitor.TIME)
        and any(name in _head(lines).upper() for name in (p1_monitor.ELECTRICITY_COLUMNS[0], p1_monitor.WATER_COLUMN)),
        p1_monitor.parse_csv,
    ),
    Format(
        "dsmr-reader-readings", "DSMR-reader's table of readings as CSV",
        lambda lines: {"timestamp", "electricity_delivered_1"} <= set(re.split(r"[,;]\s*", _head(lines))),
        dsmr_reader.parse_readings,
    ),
    Format("dsmr-reader-hours", "DSMR-reader's export of hour totals", _second(_HOUR_LINE), dsmr_reader.parse_hours),
    Format("dsmr-reader-days", "DSMR-reader's export of day totals", _second(_DAY_LINE), dsmr_reader.parse_days),
)  # fmt: skip
BY_NAME = {one.name: one for one in FORMATS}


def format_of(name: str, lines: Iterable[str]) -> Format:
    """Return the format of that name, for `auto` the one that the first lines are of; raises UnknownFormatError."""
    known = "; ".join(f"{one.name} ({one.title})" for one in FORMATS)
    if name != AUTO:
        if name not in BY_NAME:
            raise UnknownFormatError(f"there is no format {name!r}; there are: {known}")
        return BY_NAME[name]
    first = list(lines)
    for one in FORMATS:
        if one.recognise(first):
            return one
    raise UnknownFormatError(f"this is none of the formats that can be imported: {known}")
