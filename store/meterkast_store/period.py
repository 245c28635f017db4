"""Periods in a time zone, as boundaries in Unix milliseconds."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from meterkast_store.history import Period
from meterkast_store.instants import QUARTER_MS, from_ms, to_ms

HOUR_MS = 4 * QUARTER_MS
DECEMBER = 12


def boundaries(start: int, end: int, per: Period, timezone: ZoneInfo) -> list[int]:
    """Return the boundaries of every period that has a part between `start` and `end`."""
    if end <= start:
        return []
    if per in (Period.QUARTER, Period.HOUR):
        return _steps(start, end, QUARTER_MS if per is Period.QUARTER else HOUR_MS, timezone)
    first, following = _CALENDAR[per]
    day = first(from_ms(start).astimezone(timezone).date())
    result = [to_ms(midnight(day, timezone))]
    while result[-1] < end:
        day = following(day)
        result.append(to_ms(midnight(day, timezone)))
    return result


def _steps(start: int, end: int, step: int, timezone: ZoneInfo) -> list[int]:
    """Quarters and hours follow UTC; in zones half an hour off, hours begin at the zone's full hour."""
    offset = from_ms(start).astimezone(timezone).utcoffset() or timedelta()
    shift = offset // timedelta(milliseconds=1) % step
    begin = (start + shift) // step * step - shift
    return [*range(begin, end, step), begin - (begin - end) // step * step]


def midnight(day: date, timezone: tzinfo) -> datetime:
    """Return when a day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=timezone).astimezone(UTC)


def next_month(day: date) -> date:
    """Return the first day of the month after that of a day."""
    return date(day.year + 1, 1, 1) if day.month == DECEMBER else date(day.year, day.month + 1, 1)


_CALENDAR: dict[Period, tuple[Callable[[date], date], Callable[[date], date]]] = {
    Period.DAY: (lambda day: day, lambda day: day + timedelta(days=1)),
    Period.WEEK: (lambda day: day - timedelta(days=day.weekday()), lambda day: day + timedelta(days=7)),
    Period.MONTH: (lambda day: day.replace(day=1), next_month),
    Period.YEAR: (lambda day: day.replace(month=1, day=1), lambda day: date(day.year + 1, 1, 1)),
}
