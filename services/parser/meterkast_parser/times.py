"""The timestamps of telegrams: local wall time with a summer/winter letter (DSMR 5.0.2 P1 §6.4, TST)."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from meterkast_parser.errors import LineError

EARLIEST = datetime(1999, 12, 31, tzinfo=UTC)
LATEST = datetime(2063, 1, 1, tzinfo=UTC)
_DIGITS = 12
_DASHED = re.compile(r"(\d\d)-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)")
_HOUR = timedelta(hours=1)


@lru_cache(maxsize=4096)
def _offset(hour: str, letter: str, zone: ZoneInfo) -> timedelta:
    """Offset from UTC of a local hour `YYMMDDhh`; the letter decides a doubled hour."""
    local = datetime.fromisoformat(f"{_century(hour)}{hour[:6]}T{hour[6:]}").replace(tzinfo=zone)
    candidates = [local, local.replace(fold=1)]
    for candidate in candidates:
        if letter not in "SW" or bool(candidate.dst()) == (letter == "S"):
            return candidate.utcoffset() or timedelta()
    standard = (local.utcoffset() or timedelta()) - (local.dst() or timedelta())
    return standard + (_HOUR if letter == "S" else timedelta())


def _century(text: str) -> str:
    return "20" if text < "70" else "19"


def parse_time(text: str, zone: ZoneInfo) -> datetime:
    """Return `YYMMDDhhmmss` with or without its S/W letter, or `YY-MM-DD hh:mm:ss`, as UTC; raise LineError."""
    if "-" in text and (dashed := _DASHED.fullmatch(text)):
        text = "".join(dashed.groups())
    digits, letter = text[:_DIGITS], text[_DIGITS:] or " "
    if len(digits) != _DIGITS or not digits.isdecimal() or letter not in "SWsw ":
        raise LineError(f"{text!r} is no time")
    try:
        local = datetime.fromisoformat(f"{_century(digits)}{digits[:6]}T{digits[6:]}Z")
        return local - _offset(digits[:8], letter.upper(), zone)
    except (ValueError, OverflowError) as error:
        raise LineError(f"{text!r} is no time") from error


def is_plausible(moment: datetime) -> bool:
    """Whether a meter's clock can have shown this: not 1970, not 2063."""
    return EARLIEST <= moment < LATEST
