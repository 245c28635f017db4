"""Points in time as people write them in a query: `2026-03-29`, `2026-03-29T14:00`, `today`, `-7d`, `now`."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from meterkast_store.history import Period

_RELATIVE = re.compile(r"-(\d{1,6})([mhdw])")
_SPACE_FOR_PLUS = re.compile(r"(T.*) (\d\d:?\d\d)$")
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_YEARS = range(1970, 2200)
_DEFAULT_YEARS = 10
_DEFAULT_WEEKS = 12
_NOMINAL_S = {
    Period.QUARTER: 900,
    Period.HOUR: 3600,
    Period.DAY: 86_400,
    Period.WEEK: 604_800,
    Period.MONTH: 2_592_000,
    Period.YEAR: 31_536_000,
}


class MomentError(ValueError):
    """A text is no point in time."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is no point in time: use 2026-03-29, 2026-03-29T14:00, now, today or -7d, from 1970 on"
        )


def parse_moment(text: str, *, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the moment in UTC; local in `zone` where the text has no offset, days and weeks back by the calendar."""
    try:
        found = _moment(text.strip(), now.astimezone(zone), zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MomentError(text) from error
    if found.year not in _YEARS:
        raise MomentError(text)
    return found


def _moment(text: str, here: datetime, zone: ZoneInfo) -> datetime:
    if text == "now":
        return here
    if text in _DAYS:
        return midnight(here, _DAYS[text])
    if match := _RELATIVE.fullmatch(text):
        return _back(here, int(match[1]), match[2])
    found = datetime.fromisoformat(_SPACE_FOR_PLUS.sub(r"\1+\2", text))
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _back(here: datetime, count: int, unit: str) -> datetime:
    if unit in "dw":
        return here - timedelta(days=count * (7 if unit == "w" else 1))
    step = timedelta(hours=count) if unit == "h" else timedelta(minutes=count)
    return here.astimezone(UTC) - step


def midnight(here: datetime, days: int = 0) -> datetime:
    """Return the local start of the day so many days from `here`."""
    return datetime.combine(here.date() + timedelta(days=days), time(), here.tzinfo)


def usual_span(per: Period, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the span of a usage table where none is given, in UTC: a day, a month, a year, by the row's length."""
    here = now.astimezone(zone)
    start, end = midnight(here), midnight(here, 1)
    match per:
        case Period.DAY:
            start = start.replace(day=1)
        case Period.WEEK:
            start = midnight(here, -here.weekday() - 7 * (_DEFAULT_WEEKS - 1))
        case Period.MONTH:
            start = start.replace(month=1, day=1)
        case Period.YEAR:
            start = start.replace(year=start.year - _DEFAULT_YEARS + 1, month=1, day=1)
        case _:
            pass
    return start.astimezone(UTC), end.astimezone(UTC)


def rows_in(per: Period, start: datetime, end: datetime) -> int:
    """Return about how many rows a usage table of this span has."""
    return int((end - start).total_seconds() // _NOMINAL_S[per]) + 1
