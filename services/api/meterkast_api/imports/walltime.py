"""Periods of a house's wall clock, as Unix milliseconds."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from meterkast_store.instants import to_ms
from meterkast_store.period import HOUR_MS, midnight, next_month

from meterkast_api.imports.record import LineError


class Length(StrEnum):
    """How long a record's period is."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


SHORT = {Length.MINUTE: HOUR_MS // 60, Length.HOUR: HOUR_MS}


def period(begin: datetime, length: Length, zone: tzinfo) -> tuple[int, int]:
    """Return start and end of the period in which a wall clock shows `begin`.

    Records of the doubled hour in October overwrite each other, so that the second one is what a file has.
    """
    if length in SHORT:
        start = to_ms(begin.replace(tzinfo=zone, fold=1).astimezone(UTC))
        return start, start + SHORT[length]
    first, following = _calendar(begin.date(), length)
    return to_ms(midnight(first, zone)), to_ms(midnight(following, zone))


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
    return day.replace(day=1), next_month(day)
