"""Periods of a house's wall clock, as Unix milliseconds."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from meterkast_api.imports.record import LineError

MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_MS = 3_600_000
DECEMBER = 12


class Length(StrEnum):
    """How long a record's period is."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


SHORT = {Length.MINUTE: HOUR_MS // 60, Length.HOUR: HOUR_MS}


def milliseconds(time: datetime) -> int:
    """Return Unix milliseconds of an aware time."""
    return (time - EPOCH) // MILLISECOND


def period(begin: datetime, length: Length, zone: tzinfo) -> tuple[int, int]:
    """Return start and end of the period in which a wall clock shows `begin`.

    Records of the doubled hour in October overwrite each other, so that the second one is what a file has.
    """
    if length in SHORT:
        start = milliseconds(begin.replace(tzinfo=zone, fold=1).astimezone(UTC))
        return start, start + SHORT[length]
    first, following = _calendar(begin.date(), length)
    return midnight(first, zone), midnight(following, zone)


def midnight(day: date, zone: tzinfo) -> int:
    """Return when a day begins."""
    return milliseconds(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC))


def wall_clock(text: str, pattern: str) -> datetime:
    """Return the time that a wall clock shows; raises LineError."""
    try:
        return datetime.strptime(text.strip(), pattern)  # noqa: DTZ007 - the zone is the house's
    except ValueError as error:
        raise LineError(f"{text.strip()[:40]!r} is no date and time") from error


def _calendar(day: date, length: Length) -> tuple[date, date]:
    if length is Length.DAY:
        return day, day + timedelta(days=1)
    if length is Length.YEAR:
        return date(day.year, 1, 1), date(day.year + 1, 1, 1)
    first = day.replace(day=1)
    return first, date(day.year + 1, 1, 1) if day.month == DECEMBER else first.replace(month=day.month + 1)
