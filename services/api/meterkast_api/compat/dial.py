"""What the dials showed at the ends of periods: what they show now, less what has been used since."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import Reading
from meterkast_store.history import ELECTRICITY, Period, Usage
from meterkast_store.instants import from_ms, to_ms
from meterkast_store.period import boundaries
from meterkast_store.totals import with_totals

from meterkast_api.history import HistoryReader
from meterkast_api.spans import Span

ATTEMPTS = 3
GAS = "gas_l"
MILLISECOND = timedelta(milliseconds=1)
_LONGEST = {Period.HOUR: timedelta(hours=1), Period.DAY: timedelta(days=1), Period.MONTH: timedelta(days=31)}


@dataclass(frozen=True, slots=True)
class Dial:
    """The registers at the newest reading in history, by database field, and the usage that led there.

    Before `since` another meter was there, of whose dial nothing can be said.
    """

    at: datetime
    since: datetime
    registers: Mapping[str, int]
    usage: Usage
    periods: tuple[Span, ...]

    def shown(self, end: datetime) -> dict[str, int]:
        """Registers at the last reading before `end`; what was used across a hole is booked where it ends."""
        shown = dict(self.registers)
        later = [row.values for row in self.usage.rows if row.start >= end]
        across = [hole.values for hole in self.usage.holes if hole.end > end]
        for values in (*later, *across):
            for name in shown.keys() & values.keys():
                shown[name] -= values[name]
        return shown

    def read_in(self, period: Span) -> bool:
        """Whether the meter that is there now was read in the period."""
        start, end = period
        if end <= self.since:
            return False
        within = any(hole.start <= start and end <= hole.end for hole in self.usage.holes)
        return not within and any(row.start == start for row in self.usage.rows)

    def opened(self, start: datetime) -> dict[str, int] | None:
        """Registers when a period began, None where they are not known."""
        within = any(hole.start < start < hole.end for hole in self.usage.holes)
        return None if within or start < self.since else self.shown(start)


def last_periods(at: datetime, count: int, per: Period, zone: ZoneInfo) -> tuple[Span, ...]:
    """Return the last periods, oldest first; `at` is in the last of them."""
    now = to_ms(at)
    bounds = boundaries(now - to_ms(from_ms(0) + _LONGEST[per] * count), now + 1, per, zone)
    return tuple((from_ms(start), from_ms(end)) for start, end in pairwise(bounds))[-count:]


async def dial_of(history: HistoryReader, reading: Reading, count: int, per: Period, zone: ZoneInfo) -> Dial | None:
    """Return the dials of the reading's gateway over the last periods, None where history has nothing of it."""

    def start(at: datetime) -> datetime:
        return last_periods(at, count, per, zone)[0][0]

    return await _dial(history, reading, start, per, zone)


async def dial_since(
    history: HistoryReader, reading: Reading, start: datetime, per: Period, zone: ZoneInfo
) -> Dial | None:
    """Return the dials of the reading's gateway from a time on, None where history has nothing of it."""
    return await _dial(history, reading, lambda at: min(start, at), per, zone)


async def _dial(
    history: HistoryReader, reading: Reading, start_for: Callable[[datetime], datetime], per: Period, zone: ZoneInfo
) -> Dial | None:
    """Registers and usage are read until no sample came between them."""
    latest = await history.latest(reading.gateway)
    if latest is None:
        return None
    for _ in range(ATTEMPTS):
        start, end = start_for(latest.measured_at), latest.measured_at + MILLISECOND
        usage = await history.usage(reading.gateway, start, end, per, zone)
        newest = await history.latest(reading.gateway)
        if newest is None or newest == latest:
            break
        latest = newest
    registers = with_totals(latest.registers)
    gas = reading.number("gas_m3")
    if gas is not None:
        registers[GAS] = int(gas * 1000)
    bounds = boundaries(to_ms(start), to_ms(end), per, zone)
    periods = tuple((from_ms(begin), from_ms(until)) for begin, until in pairwise(bounds))
    return Dial(latest.measured_at, await _since(history, reading.gateway), registers, usage, periods)


async def _since(history: HistoryReader, gateway: str) -> datetime:
    """Since when the registers of the meter that is there now have only grown."""
    meters = [info for info in await history.meters(gateway) if info.kind == ELECTRICITY]
    return max((info.epochs[-1].start for info in meters), default=from_ms(0))
