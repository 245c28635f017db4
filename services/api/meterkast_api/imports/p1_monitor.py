"""P1 Monitor: `replace into …` statements of its SQL export, and the same tables as CSV."""

import re
from collections.abc import Mapping, Sequence
from itertools import chain, islice

from meterkast_store.period import HOUR_MS

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
from meterkast_api.imports.table import ABSENT, Row, Take, cells, each_row, of_width
from meterkast_api.imports.walltime import Length, period, wall_clock

BEGIN = "replace into"
STATEMENT = re.compile(rf"\s*(?:insert or )?{BEGIN}\s+(\w+)\s*\(([^)]*)\)\s*values\s*\((.*)\)\s*;?\s*$", re.IGNORECASE)
HISTORY = {
    "e_history_min": Length.MINUTE,
    "e_history_uur": Length.HOUR,
    "e_history_dag": Length.DAY,
    "e_history_maand": Length.MONTH,
    "e_history_jaar": Length.YEAR,
}
WATERMETER = "watermeter"
PERIOD_IDS = {"11": Length.MINUTE, "12": Length.HOUR, "13": Length.DAY, "14": Length.MONTH, "15": Length.YEAR}
ELECTRICITY_COLUMNS = ("VERBR_KWH_181", "VERBR_KWH_182", "GELVR_KWH_281", "GELVR_KWH_282")
GAS_COLUMN = "VERBR_GAS_2421"
WATER_COLUMN = "VERBR_IN_M3_TOTAAL"
TIME = "TIMESTAMP"
PATTERN = "%Y-%m-%d %H:%M:%S"
TOLD_BY_COLUMN = {WATER_COLUMN: WATERMETER, "ACT_VERBR_KW_170": "e_history_min", "TARIEFCODE": "e_history_uur"}
TABLES = frozenset({*HISTORY, WATERMETER})
AHEAD = 10
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?= 00:00:00)")
Cells = Mapping[str, str]


def parse_sql(lines: Lines, context: Context) -> Records:
    """Read the statements of the history and the water meter; those of other tables say nothing of meters."""
    for line, text in lines:
        found = STATEMENT.match(text)
        if found is None:
            if text.lstrip()[: len(BEGIN)].lower() == BEGIN:
                yield Refusal(line, "the statement is cut off")
        elif (table := found[1].lower()) in TABLES:
            try:
                names, values = cells(found[2], ","), cells(found[3], ",", "'")
                yield _standings(line, table, _named(names, values), context)
            except LineError as error:
                yield Refusal(line, str(error))


def parse_csv(lines: Lines, context: Context) -> Records:
    """Read a table with its header; how its times differ tells whether it is of hours, days, months or years."""
    numbered = iter(lines)
    ahead = list(islice(numbered, AHEAD))

    def begin(names: Row) -> Take:
        table = _table([name.upper() for name in names], [text for _, text in ahead[1:]])
        return lambda line, row: [_standings(line, table, _named(names, row), context)]

    return each_row(chain(ahead, numbered), begin)


def _table(names: Row, lines: Sequence[str]) -> str:
    for column, table in TOLD_BY_COLUMN.items():
        if column in names:
            return table
    days = _DAY.findall("\n".join(lines))
    if len(days) > 1 and all(day.endswith("-01-01") for day in days):
        return "e_history_jaar"
    return "e_history_maand" if len(days) > 1 and all(day.endswith("-01") for day in days) else "e_history_dag"


def _standings(line: int, table: str, row: Cells, context: Context) -> Standings:
    if table == WATERMETER:
        identifier = row.get("TIMEPERIOD_ID", "")
        length = PERIOD_IDS.get(identifier)
        if length is None:
            raise LineError(f"TIMEPERIOD_ID {identifier[:20]!r} is none of {', '.join(PERIOD_IDS)}")
        columns = {WATER: WATER_COLUMN}
    else:
        length = HISTORY[table]
        columns = dict(zip((*TARIFFS, GAS), (*ELECTRICITY_COLUMNS, GAS_COLUMN), strict=True))
    start, at = period(wall_clock(row.get(TIME, ""), PATTERN), length, context.zone)
    if length is Length.MINUTE and at % HOUR_MS:
        columns.pop(GAS, None)  # a minute repeats what the gas meter said last: only the hour's last one tells
    registers = {
        name: thousandths(row[column]) for name, column in columns.items() if row.get(column, "") not in ABSENT
    }
    return Standings(line, at, start, filled(registers), part=f"{table} {length}")


def _named(names: Row, values: Row) -> Cells:
    return dict(zip((name.upper() for name in names), of_width(values, len(names)), strict=True))
