"""DSMR-reader: hour and day totals of its CSV export, and its table of readings."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from meterkast_store.instants import to_ms
from meterkast_store.period import HOUR_MS

from meterkast_api.imports.record import (
    GAS,
    TARIFFS,
    Amounts,
    Context,
    LineError,
    Lines,
    Record,
    Records,
    Standings,
    filled,
    thousandths,
)
from meterkast_api.imports.table import ABSENT, Row, Take, each_row, of_width
from meterkast_api.imports.walltime import Length, period, wall_clock

HOUR_COLUMNS = 6
DAY_COLUMNS = (11, 18)
DAY_PATTERNS = ("%Y-%m-%d", "%d-%m-%Y")
AMOUNT_NAMES = (*TARIFFS, GAS)
USED_UNTIL = 6
DAY_MS = 24 * HOUR_MS
READ_AT, GAS_READ_AT, GAS_READ = 11, 16, 17
"""Where a day's line has when the registers were first read that day, the four of them following."""
READING_COLUMNS = dict(
    zip(
        TARIFFS,
        (
            "electricity_delivered_1",
            "electricity_delivered_2",
            "electricity_returned_1",
            "electricity_returned_2",
        ),
        strict=True,
    )
)


def parse_hours(lines: Lines, context: Context) -> Records:
    """Read `hour start, four tariffs, gas`: what was used in each hour."""

    def take(line: int, row: Row) -> Iterator[Record]:
        start = _moment(of_width(row, HOUR_COLUMNS)[0], context)
        yield Amounts(line, start, start + HOUR_MS, _used(row[1:]))

    return each_row(lines, lambda _names: take)


def parse_days(lines: Lines, context: Context) -> Records:
    """Read `day, four tariffs, gas, costs…`, in newer exports with the registers as they were first read that day."""
    days = _Days(context)
    yield from each_row(lines, lambda _names: days.take)
    yield from days.ahead


def parse_readings(lines: Lines, context: Context) -> Records:
    """Read the table `dsmr_datalogger_dsmrreading` with its header: registers as the telegrams had them."""

    def begin(names: Row) -> Take:
        return lambda line, row: _reading(line, dict(zip(names, of_width(row, len(names)), strict=True)), context)

    return each_row(lines, begin)


class _Days:
    """Days one after the other; of one with registers the total is needed only where the next has none of its own."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.ahead: list[Standings] = []

    def take(self, line: int, row: Row) -> Iterator[Record]:
        """Give what a day's line tells, and what is now known of the day before."""
        start, end = period(_day_begin(of_width(row, *DAY_COLUMNS)[0]), Length.DAY, self._context.zone)
        used = _used(row[1:USED_UNTIL])
        first = [] if len(row) <= READ_AT else list(_first_read(line, row, self._context))
        read = {name for one in first for name in one.registers}
        yield from (one for one in self.ahead if one.at != start or not read.issuperset(one.registers))
        yield from first
        self.ahead = [_at_end(one, used, end) for one in first]
        if rest := {name: value for name, value in used.items() if name not in read}:
            yield Amounts(line, start, end, rest)


def _reading(line: int, cells: Mapping[str, str], context: Context) -> Iterator[Standings]:
    at = _moment(cells["timestamp"], context)
    registers = {name: thousandths(cells[column]) for name, column in READING_COLUMNS.items() if column in cells}
    yield Standings(line, at, at, filled(registers))
    gas, read_at = cells.get("extra_device_delivered", ""), cells.get("extra_device_timestamp", "")
    if gas not in ABSENT and read_at not in ABSENT and (litres := thousandths(gas)):
        measured = _moment(read_at, context)
        yield Standings(line, measured, measured, {GAS: litres})


def _first_read(line: int, row: Row, context: Context) -> Iterator[Standings]:
    if ABSENT.isdisjoint(row[READ_AT : READ_AT + 2]):
        at = _moment(row[READ_AT], context)
        registers = [thousandths(text) for text in row[READ_AT + 1 : GAS_READ_AT]]
        yield Standings(line, at, at, filled(dict(zip(TARIFFS, registers, strict=True))))
    if ABSENT.isdisjoint(row[GAS_READ_AT : GAS_READ + 1]):
        at = _moment(row[GAS_READ_AT], context)
        yield Standings(line, at, at - DAY_MS, {GAS: thousandths(row[GAS_READ])})


def _at_end(first: Standings, used: Mapping[str, int], end: int) -> Standings:
    registers = {name: value + used.get(name, 0) for name, value in first.registers.items()}
    return Standings(first.line, end, end - DAY_MS if GAS in registers else end, registers)


def _used(texts: Row) -> dict[str, int]:
    present = zip(AMOUNT_NAMES, texts, strict=True)
    return {name: thousandths(text) for name, text in present if text not in ABSENT}


def _day_begin(text: str) -> datetime:
    for pattern in DAY_PATTERNS[:-1]:
        try:
            return wall_clock(text, pattern)
        except LineError:
            continue
    return wall_clock(text, DAY_PATTERNS[-1])


def _moment(text: str, context: Context) -> int:
    """Read `2024-01-01T00:00:00+01:00`, also as databases write it; the house's time where it has no offset."""
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise LineError(f"{text.strip()[:40]!r} is no date and time") from error
    if time.tzinfo is None:
        time = time.replace(tzinfo=context.zone)
    return to_ms(time.astimezone(UTC))
