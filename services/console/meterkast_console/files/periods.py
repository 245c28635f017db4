"""Days, months and years of a home, as the dates between which they lie."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DECEMBER = 12


@dataclass(frozen=True, slots=True)
class Period:
    """From a date to another, which is no longer in it; `end` is when it is over."""

    first: date
    following: date
    end: datetime

    @property
    def query(self) -> dict[str, str]:
        """The span as the API is asked for it."""
        return {"from": self.first.isoformat(), "to": self.following.isoformat()}


def days(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Period]:
    """The days that have a part in a span, oldest first."""
    day, last = begin.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        yield _period(day, day + timedelta(days=1), zone)
        day += timedelta(days=1)


def months(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Period]:
    """The months that have a part in a span, oldest first."""
    month, last = begin.astimezone(zone).date().replace(day=1), end.astimezone(zone).date()
    while month <= last:
        following = date(month.year + month.month // DECEMBER, month.month % DECEMBER + 1, 1)
        yield _period(month, following, zone)
        month = following


def years(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Period]:
    """The years that have a part in a span, oldest first."""
    for year in range(begin.astimezone(zone).year, end.astimezone(zone).year + 1):
        yield _period(date(year, 1, 1), date(year + 1, 1, 1), zone)


def _period(first: date, following: date, zone: ZoneInfo) -> Period:
    return Period(first, following, datetime.combine(following, time(), zone).astimezone(UTC))
