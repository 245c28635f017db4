"""The timestamps of telegrams: local wall time with a summer/winter letter (DSMR 5.0.2 P1 §6.4, TST)."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from meterkast_parser.errors import LineError

# What a meter's clock can have shown: not 1970, not 2063.
EARLIEST = datetime(1999, 12, 31, tzinfo=UTC)
LATEST = datetime(2063, 1, 1, tzinfo=UTC)
_DIGITS = 8
_LETTERS = ("", " ", "S", "W")
_DASHED = re.compile(r"(\d\d)-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)")
_HOUR = timedelta(hours=1)


_SECONDS = {
    f"{minute:02}{second:02}": timedelta(minutes=minute, seconds=second) for minute in range(60) for second in range(60)
}


class LocalTimes(dict[str, datetime]):
    """Reads the local times of one zone; holds the hours met so far, `YYMMDDhh` and letter, in UTC."""

    LIMIT = 1 << 14
    ABSURD_LIMIT = 1000

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone
        self._absurd: set[str] = set()
        self.boundary = lru_cache(maxsize=1024)(self.plausible)
        """Like `plausible`, for the few times that all meters print, the ends of months."""

    def parse(self, text: str) -> datetime:
        """Return `YYMMDDhhmmss` with or without S/W letter, or `YY-MM-DD hh:mm:ss`, as UTC; raise LineError."""
        try:
            return self[text[:8] + text[12:]] + _SECONDS[text[8:12]]
        except KeyError as error:
            if dashed := _DASHED.fullmatch(text):
                return self.parse("".join(dashed.groups()))
            raise LineError(f"{text!r} is no time") from error

    def plausible(self, text: str) -> datetime | None:
        """Return the time, None for one that no meter's clock shows."""
        try:
            moment = self[text[:8] + text[12:]] + _SECONDS[text[8:12]]
        except KeyError:
            return None if text in self._absurd else self._unusual(text)
        return moment if EARLIEST <= moment < LATEST else None

    def _unusual(self, text: str) -> datetime | None:
        try:
            moment = self.parse(text)
        except LineError:
            if len(self._absurd) < self.ABSURD_LIMIT:
                self._absurd.add(text)
            return None
        return moment if EARLIEST <= moment < LATEST else None

    def __missing__(self, hour: str) -> datetime:
        digits, letter = hour[:_DIGITS], hour[_DIGITS:].upper()
        if len(digits) != _DIGITS or not digits.isdecimal() or letter not in _LETTERS:
            raise KeyError(hour)
        try:
            local = datetime.fromisoformat(f"{'20' if digits < '70' else '19'}{digits[:6]}T{digits[6:]}Z")
        except ValueError as error:
            raise KeyError(hour) from error
        if len(self) >= self.LIMIT:
            self.clear()
        moment = self[hour] = local - _offset(local.replace(tzinfo=self._zone), letter)
        return moment


@lru_cache
def local_times(zone: ZoneInfo) -> LocalTimes:
    """Return the one reader of a zone's times."""
    return LocalTimes(zone)


def _offset(local: datetime, letter: str) -> timedelta:
    """Offset from UTC of a local hour; the letter decides a doubled hour."""
    for candidate in (local, local.replace(fold=1)):
        if letter not in ("S", "W") or bool(candidate.dst()) == (letter == "S"):
            return candidate.utcoffset() or timedelta()
    standard = (local.utcoffset() or timedelta()) - (local.dst() or timedelta())
    return standard + (_HOUR if letter == "S" else timedelta())
