"""Tables of usage: hours, days, months."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meterkast_console.terminal.figures import MONTHS, UNKNOWN, WEEKDAYS, number
from meterkast_console.terminal.line import Line, Span, Style, line
from meterkast_console.terminal.view import View

COLUMNS = (
    ("energy_import_kwh", "import kWh"),
    ("energy_export_kwh", "export kWh"),
    ("gas_m3", "gas m³"),
    ("water_m3", "water m³"),
    ("heat_gj", "heat GJ"),
)
STAMP = 14
CELL = 12


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its title, and what is asked of the API."""

    title: str
    query: Mapping[str, str]


TABLES = (
    Table("Hours", {"per": "hour", "from": "-24h"}),
    Table("Days", {"per": "day", "from": "-31d"}),
    Table("Months", {"per": "month", "from": "-730d"}),
)


@dataclass(frozen=True, slots=True)
class UsageTable:
    """The API's usage as lines: newest first, with the sum and the holes."""

    usage: Mapping[str, Any]

    def __call__(self, view: View) -> list[Line]:
        """Draw it."""
        rows = self.usage["rows"]
        total = self.usage["total"]
        room = max((view.width - STAMP) // CELL, 1)
        columns = [(key, name) for key, name in COLUMNS if key in total][:room]
        if not columns:
            return [line(" Nothing has been kept yet.")]
        head = line(Span(" " * STAMP + "".join(f"{name:>{CELL}}" for _, name in columns), Style.TITLE))
        body = [_row(row, columns, str(self.usage["per"])) for row in reversed(rows)]
        summed = line(f" {'together':<{STAMP - 1}}", *_cells(total, columns))
        return [head, *body, line(" " * STAMP + view.charset.rule * CELL * len(columns)), summed, *_holes(self.usage)]


def _row(row: Mapping[str, Any], columns: Sequence[tuple[str, str]], per: str) -> Line:
    mark = " ~" if row["hole"] or not row["complete"] else ""
    return line(f" {_stamp(datetime.fromisoformat(row['from']), per):<{STAMP - 1}}", *_cells(row, columns), mark)


def _cells(row: Mapping[str, Any], columns: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{UNKNOWN if number(row.get(key)) is None else row[key]:>{CELL}}" for key, _ in columns]


def _stamp(at: datetime, per: str) -> str:
    if per == "hour":
        return f"{WEEKDAYS[at.weekday()]} {at:%H:%M}"
    month = MONTHS[at.month - 1]
    return f"{month} {at.year}" if per == "month" else f"{WEEKDAYS[at.weekday()]} {at.day} {month}"


def _holes(usage: Mapping[str, Any]) -> list[Line]:
    lines = []
    if any(row["hole"] or not row["complete"] for row in usage["rows"]):
        lines.append(line(Span(" ~ still running, or a part is missing", Style.FAINT)))
    if usage["holes"]:
        lines.append(
            line(Span(f" {len(usage['holes'])} holes; what was used across them is not in the rows", Style.FAINT))
        )
    return lines
