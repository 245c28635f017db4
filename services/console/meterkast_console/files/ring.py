"""The tables of the DSMR loggers, byte for byte as they lie on their chips.

`PRD…csv` are those of the ESP-01 logger: what the dials showed, import and export of both tariffs together. `RING…csv`
are those of its successors, one register a column. What is not known is 0 there.
"""

import calendar
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from meterkast_console.files.leaf import Form

ENERGY = ("energy_import_kwh", "energy_export_kwh")
TARIFFS = ("energy_import_t1_kwh", "energy_import_t2_kwh", "energy_export_t1_kwh", "energy_export_t2_kwh")
GAS = "gas_m3"
THOUSANDTH, HUNDREDTH = Decimal("0.001"), Decimal("0.01")
BLOCKS, BLOCK_HOURS = 8, 3
WEEK = 7
MONTHS, YEAR = 24, 12
HOURS_HEAD = "HR; Energy Del; Energy Ret;    Gas Del;\n"
MONTHS_HEAD = "YYMM;   Energy Del;   Energy Ret;    Gas Del;\n"
RING_HEAD = "YYMMDDHH;      EDT1;      EDT2;      ERT1;      ERT2;       GDT;\n"
NEVER = "00000000"
SLOTS = {Form.RING_HOURS: 49, Form.RING_DAYS: 15, Form.RING_MONTHS: 25}


@dataclass(frozen=True, slots=True)
class Row:
    """A period, and what the dials showed at its last reading."""

    start: datetime
    end: datetime
    shown: Mapping[str, Decimal]

    def text(self, name: str, places: Decimal) -> str:
        """What a dial showed."""
        return str(self.shown.get(name, Decimal(0)).quantize(places, ROUND_HALF_UP))


def ring_file(form: Form, dials: Mapping[str, Any], at: datetime) -> bytes:
    """Return the table made from the API's dials; `at` is when the newest of them was read."""
    rows = [
        Row(
            datetime.fromisoformat(row["from"]),
            datetime.fromisoformat(row["to"]),
            {name: Decimal(value) for name, value in row.items() if name not in ("from", "to")},
        )
        for row in dials["rows"]
    ]
    return "".join(_MAKERS[form](rows, at) if form in _MAKERS else _ring(form, rows, at)).encode("ascii")


def _hours(rows: Sequence[Row], _at: datetime) -> Iterable[str]:
    """Blocks of three hours: 01 is 0 to 3 o'clock, of today or, where that has yet to come, of yesterday."""
    slots = {row.start.hour // BLOCK_HOURS + 1: row for row in rows}
    yield HOURS_HEAD
    for slot in range(1, BLOCKS + 1):
        delivered, returned, gas = _cells(slots.get(slot))
        yield f"{slot:02d}; {delivered:>10}; {returned:>10}; {gas:>10};\n"


def _week(rows: Sequence[Row], _at: datetime) -> Iterable[str]:
    """The last seven days, 0 is Sunday; without a header, two decimals."""
    slots = {row.start.isoweekday() % WEEK: row for row in rows}
    for slot in range(WEEK):
        yield f"{slot};{';'.join(_cells(slots.get(slot), HUNDREDTH))};\r\n"


def _months(rows: Sequence[Row], at: datetime) -> Iterable[str]:
    """Two years, this month first."""
    by_month = {(row.start.year, row.start.month): row for row in rows}
    newest = rows[-1].start if rows else at
    yield MONTHS_HEAD
    for back in range(MONTHS):
        year, month = divmod(newest.year * YEAR + newest.month - 1 - back, YEAR)
        delivered, returned, gas = _cells(by_month.get((year, month + 1)))
        yield f"{year % 100:02d}{month + 1:02d}; {delivered:>12}; {returned:>12}; {gas:>10};\n"


def _cells(row: Row | None, places: Decimal = THOUSANDTH) -> list[str]:
    if row is None:
        row = Row(datetime.min, datetime.min, {})  # noqa: DTZ901 - it has no time
    return [*(row.text(name, places) for name in ENERGY), row.text(GAS, HUNDREDTH)]


def _ring(form: Form, rows: Sequence[Row], at: datetime) -> Iterable[str]:
    """A ring of slots, each at the place that its time gives it."""
    slots = {_slot(form, row.start): row for row in rows}
    yield RING_HEAD
    for slot in range(SLOTS[form]):
        row = slots.get(slot)
        key = NEVER if row is None else f"{_last(row, at):%y%m%d%H}"
        cells = "".join(
            f"{row.text(name, THOUSANDTH) if row is not None else '0.000':>10};" for name in (*TARIFFS, GAS)
        )
        yield f"{key};{cells}\n"


def _last(row: Row, at: datetime) -> datetime:
    """The hour of a period's last reading, on the house's clock."""
    before_end = row.end - timedelta(hours=1)
    return min(before_end, max(at.astimezone(row.start.tzinfo), row.start))


def _slot(form: Form, local: datetime) -> int:
    seconds = calendar.timegm(local.timetuple())
    counted = {
        Form.RING_HOURS: seconds // 3600,
        Form.RING_DAYS: seconds // 86_400,
        Form.RING_MONTHS: (local.year - 1) * YEAR + local.month,
    }[form]
    return counted % SLOTS[form]


_MAKERS: dict[Form, Callable[[Sequence[Row], datetime], Iterable[str]]] = {
    Form.PRD_HOURS: _hours,
    Form.PRD_WEEK: _week,
    Form.PRD_MONTHS: _months,
}
