"""From the bytes of one telegram to a validated reading, by the catalogue."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from meterkast_contracts.catalogue import Entry, Quantity, Type
from meterkast_contracts.messages import Clock, MonthPeak, PowerFailure, Reading, RejectReason, Value

from meterkast_parser import mbus
from meterkast_parser.errors import LineError, TelegramError
from meterkast_parser.groups import octets, parse_number, shifted, split_groups
from meterkast_parser.plans import PLANS, normal_code, shift_of
from meterkast_parser.structured import parse_failure_log, parse_peak, parse_profile
from meterkast_parser.telegram import Telegram, split_telegram
from meterkast_parser.times import is_plausible, parse_time

MAX_CLOCK_ERROR = timedelta(days=1)
_DATE_CODE, _TIME_CODE = "1-0:0.9.2", "1-0:0.9.1"
_MAX_WARNINGS = 20


@dataclass(slots=True)
class _Draft:
    """What the lines said so far."""

    zone: ZoneInfo
    values: dict[str, Value] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    devices: dict[int, mbus.Device] = field(default_factory=dict)
    clock: datetime | None = None
    clock_text: str | None = None
    date_and_time: dict[str, str] = field(default_factory=dict)
    peak_import_at: datetime | None = None
    peak_history: tuple[MonthPeak, ...] = ()
    failure_log: tuple[PowerFailure, ...] = ()
    other: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def decode(
    raw: bytes,
    *,
    gateway: str,
    received_at: datetime | None,
    zone: ZoneInfo,
    check_crc: bool = True,
) -> Reading:
    """Return the reading of one telegram; raise TelegramError when it is damaged.

    Without `received_at` the meter's own time stands alone. A line that cannot be decoded becomes a warning where a CRC
    vouches for the telegram, and refuses the telegram where none does.
    """
    telegram = split_telegram(raw, check_crc=check_crc)
    draft = _Draft(zone)
    _take_lines(draft, telegram, lenient=telegram.checked or not check_crc, raw=raw)
    return _reading(draft, telegram, gateway, received_at)


def _take_lines(draft: _Draft, telegram: Telegram, *, lenient: bool, raw: bytes) -> None:
    values = draft.values
    measured = PLANS.measured
    for line in telegram.lines:
        code, _, rest = line.partition("(")
        units = measured.get(code)
        if units is not None:
            digits, _, unit = rest.partition("*")
            if unit in units:
                name, shift = units[unit]
                whole, _, fraction = digits.partition(".")
                if (whole + fraction).isdecimal() and whole and name not in values:
                    if len(fraction) == shift:
                        values[name] = int(whole + fraction)
                        continue
                    if not shift:
                        values[name] = Decimal(digits)
                        continue
        try:
            _take_line(draft, code, rest)
        except LineError as error:
            if not lenient:
                position = raw.find(line[:40].encode("latin-1"))
                raise TelegramError(RejectReason.MALFORMED, f"{code[:20]}: {error}", position=position) from error
            draft.warnings.append(f"{code[:20]}: {error}")


def _take_line(draft: _Draft, spelt: str, rest: str) -> None:
    """Take a line that is no plain number with the usual unit; raise LineError."""
    if not rest.endswith(")"):
        raise LineError(f"{(spelt + '(' + rest)[:40]!r} is no data line")
    code = normal_code(spelt)
    if code is None:
        raise LineError(f"{spelt[:20]!r} is no OBIS code")
    if plan := PLANS.texts.get(code):
        _take_text(draft, plan.name, plan.rank, octets(rest[:-1]) if plan.octets else rest[:-1].strip())
    elif entries := PLANS.lenient.get(code):
        _take_number(draft, code, entries, rest)
    elif entry := PLANS.structured.get(code):
        _take_structured(draft, code, entry.name, entry.type, split_groups(rest))
    elif mbus.is_mbus(code):
        mbus.take_line(draft.devices, code, rest, draft.zone)
    elif code in (_DATE_CODE, _TIME_CODE):
        draft.date_and_time[code] = rest[:-1]
    else:
        split_groups(rest)
        draft.other.setdefault(code, rest[:-1])


def _take_text(draft: _Draft, name: str, rank: int, text: str) -> None:
    """Keep the text of the first code of the entry that holds one."""
    if text and rank < draft.ranks.get(name, rank + 1):
        draft.ranks[name] = rank
        draft.values[name] = text


def _take_number(draft: _Draft, code: str, entries: tuple[Entry, ...], rest: str) -> None:
    first = split_groups(rest)[0].partition(",")[0]
    if not first:
        return
    number, unit = parse_number(first)
    target = shift_of(entries, unit)
    if target is None:
        draft.other.setdefault(code, rest[:-1])
        return
    name, shift = target
    if entries[0].quantity is Quantity.POWER_FACTOR and "." not in first:
        shift = -3
    if name not in draft.values:
        draft.values[name] = shifted(number, shift)


def _take_structured(draft: _Draft, code: str, name: str, kind: Type, groups: list[str]) -> None:
    zone = draft.zone
    if kind is Type.TIMESTAMP:
        if draft.clock_text is None:
            draft.clock_text = groups[0]
            draft.clock = parse_time(groups[0], zone)
    elif not any(groups):
        return
    elif kind is Type.PEAK:
        draft.values[name], at = parse_peak(groups, zone)
        if name == "peak_import_w":
            draft.peak_import_at = at
    elif kind is Type.FAILURE_LOG:
        draft.failure_log = parse_failure_log(groups, zone)
    else:
        draft.peak_history = parse_profile(groups, zone)
        if not draft.peak_history:
            draft.other[code] = ")(".join(groups)


def _meter_time(draft: _Draft) -> datetime | None:
    if draft.clock is None and len(draft.date_and_time) == len((_DATE_CODE, _TIME_CODE)):
        draft.clock_text = draft.date_and_time[_DATE_CODE] + draft.date_and_time[_TIME_CODE]
        try:
            return parse_time(draft.clock_text, draft.zone)
        except LineError:
            return None
    return draft.clock


def _reading(draft: _Draft, telegram: Telegram, gateway: str, received_at: datetime | None) -> Reading:
    measured_at, clock = _meter_time(draft), Clock.METER
    if measured_at is None or not is_plausible(measured_at):
        wrong = draft.clock_text is not None
        measured_at, clock = received_at, Clock.RECEIVER
    else:
        wrong = received_at is not None and abs(measured_at - received_at) > MAX_CLOCK_ERROR
        if wrong:
            measured_at, clock = received_at, Clock.RECEIVER
    if wrong and not any(warning.startswith("clock") for warning in draft.warnings):
        draft.warnings.append(f"clock: the meter's {draft.clock_text!r} is absurd")
    readings = mbus.finish(draft.devices.values()) if draft.devices else ()
    values = draft.values
    values.update(mbus.usual_values(readings))
    if not values and not readings:
        raise TelegramError(RejectReason.EMPTY, "no line holds a value that the catalogue knows")
    meter_id, version = values.pop("meter_id", None), values.pop("version", None)
    return Reading(
        gateway=gateway,
        identification=telegram.identification,
        meter_id=None if meter_id is None else str(meter_id),
        version=None if version is None else str(version),
        measured_at=measured_at,
        clock=clock,
        received_at=received_at,
        values=values,
        peak_import_at=draft.peak_import_at,
        peak_history=draft.peak_history,
        power_failure_log=draft.failure_log,
        mbus=readings,
        other=draft.other,
        warnings=tuple(draft.warnings[:_MAX_WARNINGS]),
    )
