"""What each data line does to a reading in the making, by the catalogue."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial

from meterkast_contracts.catalogue import Entry, Quantity, Type
from meterkast_contracts.messages import MbusReading, MonthPeak, PowerFailure, Value

from meterkast_parser import mbus
from meterkast_parser.errors import LineError
from meterkast_parser.groups import octets, parse_number, shifted, split_groups
from meterkast_parser.plans import PLANS, TextPlan, normal_code, shift_of
from meterkast_parser.structured import parse_failure_log, parse_peak, parse_profile
from meterkast_parser.times import LocalTimes

DATE_CODE, TIME_CODE = "1-0:0.9.2", "1-0:0.9.1"

Groups = Sequence[str]
Values = dict[str, Value]


@dataclass(slots=True)
class Draft:
    """What the lines said so far."""

    times: LocalTimes
    values: Values = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    devices: dict[int, mbus.Device] = field(default_factory=dict)
    clock: datetime | None = None
    clock_text: str | None = None
    date_and_time: dict[str, str] = field(default_factory=dict)
    peak_import_at: datetime | None = None
    peak_history: tuple[MonthPeak, ...] = ()
    failure_log: tuple[PowerFailure, ...] = ()
    mbus: tuple[MbusReading, ...] = ()
    other: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


Taker = Callable[[Draft, Groups], None]


def close_devices(draft: Draft) -> None:
    """Turn what the lines said of M-Bus devices into readings."""
    draft.mbus = mbus.finish(draft.devices)
    draft.values.update(mbus.usual_values(draft.mbus))


def take_line(draft: Draft, line: str) -> None:
    """Enter one line `code(group)(group)…`; raise LineError."""
    code, _, rest = line.partition("(")
    if not rest.endswith(")"):
        raise LineError(f"{line[:40]!r} is no data line")
    taker_of(code)(draft, split_groups(rest))


@lru_cache(maxsize=4096)
def taker_of(spelt: str) -> Taker:
    """Return what enters the groups of a code's line into a draft; raise LineError for what is no code."""
    code = normal_code(spelt)
    if code is None:
        raise LineError(f"{spelt[:20]!r} is no OBIS code")
    if plan := PLANS.texts.get(code):
        return partial(_take_text, plan)
    if entries := PLANS.numbers.get(code):
        return partial(_take_number, code, entries)
    if entry := PLANS.structured.get(code):
        return partial(_STRUCTURED[entry.type], code, entry.name)
    if device := mbus.taker_of(code):
        return partial(_take_device, *device)
    if code in (DATE_CODE, TIME_CODE):
        return partial(_take_date_or_time, code)
    return partial(_take_other, code)


def _take_text(plan: TextPlan, draft: Draft, groups: Groups) -> None:
    """Keep the text of the first code of the entry that holds one."""
    text = octets(groups[0]) if plan.octets else plain_text(groups[0])
    if text and plan.rank < draft.ranks.get(plan.name, plan.rank + 1):
        draft.ranks[plan.name] = plan.rank
        draft.values[plan.name] = text


def plain_text(group: str) -> str:
    """Return a text that is not spelt in hex, without the second parentheses that Swedish meters print."""
    return group.strip("() ")


def _take_number(code: str, entries: tuple[Entry, ...], draft: Draft, groups: Groups) -> None:
    first = groups[0].partition(",")[0]
    if not first:
        return
    number, unit = parse_number(first)
    target = number_target(entries, unit, whole="." not in first)
    if target is None:
        _take_other(code, draft, groups)
        return
    name, shift = target
    if name not in draft.values:
        draft.values[name] = shifted(number, shift)


def number_target(entries: tuple[Entry, ...], unit: str, *, whole: bool) -> tuple[str, int] | None:
    """Return name and shift of a code's number; a power factor without decimals is one in thousandths."""
    target = shift_of(entries, unit)
    if target and whole and entries[0].quantity is Quantity.POWER_FACTOR:
        return target[0], -3
    return target


def _take_timestamp(_code: str, _name: str, draft: Draft, groups: Groups) -> None:
    if draft.clock_text is None:
        draft.clock_text = groups[0]
        draft.clock = draft.times.parse(groups[0])


def _take_peak(_code: str, name: str, draft: Draft, groups: Groups) -> None:
    if any(groups):
        draft.values[name], at = parse_peak(groups, draft.times)
        if name == "peak_import_w":
            draft.peak_import_at = at


def _take_failure_log(_code: str, _name: str, draft: Draft, groups: Groups) -> None:
    draft.failure_log = parse_failure_log(groups, draft.times)


def _take_profile(code: str, _name: str, draft: Draft, groups: Groups) -> None:
    draft.peak_history = parse_profile(groups, draft.times)
    if not draft.peak_history and any(groups):
        _take_other(code, draft, groups)


_STRUCTURED: dict[Type, Callable[[str, str, Draft, Groups], None]] = {
    Type.TIMESTAMP: _take_timestamp,
    Type.PEAK: _take_peak,
    Type.FAILURE_LOG: _take_failure_log,
    Type.PROFILE: _take_profile,
}


def _take_device(channel: int, take: mbus.Taker, draft: Draft, groups: Groups) -> None:
    device = draft.devices.get(channel)
    if device is None:
        device = draft.devices[channel] = mbus.Device(channel)
    take(device, groups, draft.times)


def _take_date_or_time(code: str, draft: Draft, groups: Groups) -> None:
    draft.date_and_time[code] = groups[0]


def _take_other(code: str, draft: Draft, groups: Groups) -> None:
    draft.other.setdefault(code, ")(".join(groups))
