"""Which contract holds when, and what it asks; contracts begin at the home's midnights."""

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from meterkast_store.period import midnight, next_month

from meterkast_api.money.contracts import Contract, Contracts

_EVER = datetime(1, 1, 2, tzinfo=UTC)
_NEVER = datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Segment:
    """A time in which one contract holds, or none."""

    start: datetime
    end: datetime
    contract: Contract | None

    @property
    def hourly(self) -> bool:
        """Whether electricity is at the market's price."""
        return self.contract is not None and self.contract.hourly is not None


class Timeline:
    """All of time in segments."""

    def __init__(self, contracts: Contracts, zone: ZoneInfo) -> None:
        self._zone = zone
        self._segments = list(_segments(contracts, zone))
        self._starts = [segment.start for segment in self._segments]

    def at(self, moment: datetime) -> Segment:
        """The segment in which a moment lies."""
        return self._segments[bisect_right(self._starts, moment) - 1]

    def between(self, start: datetime, end: datetime) -> list[Segment]:
        """The segments that have a part in a time, each cut to it."""
        first = bisect_right(self._starts, start) - 1
        found = []
        for segment in self._segments[first:]:
            if segment.start >= end:
                break
            found.append(Segment(max(start, segment.start), min(end, segment.end), segment.contract))
        return found

    def fixed(self, start: datetime, end: datetime) -> Fraction | None:
        """The fixed costs of a time, a month spread evenly over its days and a day over its hours; None without any."""
        total = None
        for segment in self.between(start, end):
            if segment.contract is not None and segment.contract.fixed:
                monthly = Fraction(sum(segment.contract.fixed.values(), Decimal(0)))
                months = sum(_months(segment.start, segment.end, self._zone), Fraction(0))
                total = (total or Fraction(0)) + monthly * months
        return total


def _segments(contracts: Contracts, zone: ZoneInfo) -> Iterator[Segment]:
    at = _EVER
    ordered = contracts.contracts
    for index, contract in enumerate(ordered):
        start = midnight(contract.begin, zone)
        if start > at:
            yield Segment(at, start, None)
        following = midnight(ordered[index + 1].begin, zone) if index + 1 < len(ordered) else _NEVER
        at = midnight(contract.end, zone) if contract.end is not None else following
        yield Segment(start, at, contract)
    if at < _NEVER:
        yield Segment(at, _NEVER, None)


def _months(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Fraction]:
    """Which part of each month lies in a time, counted in its days."""
    while start < end:
        here = start.astimezone(zone).date()
        upto = min(end, midnight(next_month(here), zone))
        yield (_day_number(upto, zone) - _day_number(start, zone)) / monthrange(here.year, here.month)[1]
        start = upto


def _day_number(moment: datetime, zone: ZoneInfo) -> Fraction:
    """Local days since year 1, with the part of the day that has passed."""
    day = moment.astimezone(zone).date()
    begin, length_s = _day(day, zone)
    passed = moment - begin
    return day.toordinal() + Fraction(passed // timedelta(microseconds=1), length_s * 1_000_000)


@lru_cache(maxsize=1024)
def _day(day: date, zone: ZoneInfo) -> tuple[datetime, int]:
    begin = midnight(day, zone)
    return begin, int((midnight(day + timedelta(days=1), zone) - begin).total_seconds())
