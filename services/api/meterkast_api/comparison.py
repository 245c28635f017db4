"""The span that another is compared with."""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from meterkast_api.spans import Span

MONTHS = 12


class Compare(StrEnum):
    """What usage is compared with: the span just before, or the same a year earlier."""

    PREVIOUS = "previous"
    YEAR = "year"


def compared_span(start: datetime, end: datetime, compare: Compare, zone: ZoneInfo) -> Span:
    """Return the span to compare with, in UTC.

    Whole months are compared with as many whole months, whole days with as many days, other times with as long a time;
    a year earlier the calendar has the same dates, the 28th for 29 February.
    """
    here, there = start.astimezone(zone), end.astimezone(zone)
    whole_months = all(moment.time() == time() and moment.day == 1 for moment in (here, there))
    if compare is Compare.YEAR:
        return _utc(_months_back(here, MONTHS)), _utc(_months_back(there, MONTHS, exclusive=True))
    if whole_months:
        months = (there.year - here.year) * MONTHS + there.month - here.month
        return _utc(_months_back(here, months)), start
    if here.time() == there.time() == time():
        return _utc(here - timedelta(days=(there.date() - here.date()).days)), start
    return start - (end - start), start


def _months_back(here: datetime, months: int, *, exclusive: bool = False) -> datetime:
    """The same date and wall time so many months earlier; an end that does not exist there is the day after."""
    number = here.year * MONTHS + here.month - 1 - months
    year, month = number // MONTHS, number % MONTHS + 1
    try:
        day = date(year, month, here.day)
    except ValueError:
        following = date(year + month // MONTHS, month % MONTHS + 1, 1)
        day = following if exclusive and here.time() == time() else following - timedelta(days=1)
    return datetime.combine(day, here.time(), here.tzinfo)


def _utc(here: datetime) -> datetime:
    return here.astimezone(UTC)
