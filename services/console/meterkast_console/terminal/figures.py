"""Numbers and times as a person reads them."""

from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

Number = int | Decimal

UNKNOWN = "-"
MINUTE, HOUR, DAY = 60, 3600, 86_400
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(value: object) -> Number | None:
    """The value where it is a number."""
    return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def amount(value: object, unit: str) -> str:
    """A number with its unit, digit for digit, thousands apart: `13 378 W`; `-` where it is unknown."""
    known = number(value)
    return UNKNOWN if known is None else f"{known:,} {unit}".replace(",", " ")


def moment(text: object) -> datetime | None:
    """A time of the contract."""
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def clock(at: datetime | None, zone: tzinfo) -> str:
    """The time of day at home."""
    return UNKNOWN if at is None else f"{at.astimezone(zone):%H:%M:%S}"


def day_and_time(at: datetime | None, zone: tzinfo) -> str:
    """`Tue 24 Nov 19:45`, at home."""
    if at is None:
        return UNKNOWN
    home = at.astimezone(zone)
    return f"{WEEKDAYS[home.weekday()]} {home.day} {MONTHS[home.month - 1]} {home:%H:%M}"


def short_stamp(at: datetime | None, now: datetime, zone: tzinfo) -> str:
    """`19:45` of today, `24 Nov 19:45` of another day, at home."""
    if at is None:
        return UNKNOWN
    home = at.astimezone(zone)
    if home.date() == now.astimezone(zone).date():
        return f"{home:%H:%M}"
    return f"{home.day} {MONTHS[home.month - 1]} {home:%H:%M}"


def unit_sign(unit: object) -> str:
    """The unit as people write it."""
    return str(unit or "").replace("m3", "m³")


def lasting(span: timedelta | float) -> str:
    """A length of time in its two largest units: `3 d 4 h`, `12 min 5 s`."""
    seconds = int(span.total_seconds() if isinstance(span, timedelta) else span)
    if seconds < MINUTE:
        return f"{max(seconds, 0)} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min {seconds % MINUTE} s"
    if seconds < DAY:
        return f"{seconds // HOUR} h {seconds % HOUR // MINUTE} min"
    return f"{seconds // DAY} d {seconds % DAY // HOUR} h"


def size(count: int) -> str:
    """Bytes as people say them."""
    value = Decimal(count)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000:  # noqa: PLR2004 - SI prefixes go by thousands
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
