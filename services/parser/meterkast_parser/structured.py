"""Lines that hold more than one value: peaks, the month profile, the power failure log."""

from collections.abc import Sequence
from datetime import datetime

from meterkast_contracts.messages import MonthPeak, Number, PowerFailure

from meterkast_parser.errors import LineError
from meterkast_parser.groups import parse_number, shifted
from meterkast_parser.times import LocalTimes

_KILO = 3
_PEAK_GROUPS = 2
_PROFILE_GROUPS = 4
make_peak, make_failure = MonthPeak.maker(), PowerFailure.maker()
_SHIFTS = {"kw": _KILO, "w": 0, "": _KILO}


def power_shift(unit: str) -> int:
    """Return the power of ten that makes W of a unit; raise LineError for none of power."""
    if unit.lower() not in _SHIFTS:
        raise LineError(f"unit {unit!r} is none of power")
    return _SHIFTS[unit.lower()]


def _power(text: str) -> Number:
    number, unit = parse_number(text)
    return shifted(number, power_shift(unit))


def parse_peak(groups: Sequence[str], times: LocalTimes) -> tuple[Number, datetime | None]:
    """Return power in W and time of `(time)(value*kW)` or, as Iskra prints it, `(value*kW)(time)`."""
    if len(groups) > _PEAK_GROUPS:
        raise LineError(f"a peak has a time and a power, not {len(groups)} groups")
    value, time = sorted(groups, key=lambda group: "*" not in group) if len(groups) > 1 else (groups[0], "")
    return _power(value), times.plausible(time)


def is_month_profile(groups: Sequence[str]) -> bool:
    """Whether the groups hold month peaks of imported power."""
    return len(groups) >= _PROFILE_GROUPS and groups[1].rpartition(":")[2] == "1.6.0"


def parse_profile(groups: Sequence[str], times: LocalTimes) -> tuple[MonthPeak, ...]:
    """Return the month peaks of `(n)(code)(code)(month end)(time)(value*kW)…`; other profiles hold no month peaks."""
    if not is_month_profile(groups):
        return ()
    rows = groups[3:]
    peaks = []
    for month_end, at, value in zip(rows[::3], rows[1::3], rows[2::3], strict=False):
        boundary = times.boundary(month_end)
        if boundary is not None:
            fields = {"month_end": boundary, "at": times.plausible(at), "power_w": _power(value)}
            peaks.append(make_peak(fields))
    return tuple(peaks)


def parse_failure_log(groups: Sequence[str], times: LocalTimes) -> tuple[PowerFailure, ...]:
    """Return the entries of `(n)(0-0:96.7.19)(end)(seconds*s)…`; the count is not trusted, meters get it wrong."""
    entries = []
    rows = groups[2:]
    for ended, duration in zip(rows[::2], rows[1::2], strict=False):
        moment = times.plausible(ended)
        seconds = duration.partition("*")[0]
        if not seconds.isdecimal():
            raise LineError(f"{duration[:20]!r} is no duration")
        if moment is not None:
            entries.append(make_failure({"ended_at": moment, "duration_s": int(seconds)}))
    return tuple(entries)
