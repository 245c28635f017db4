"""The house's power and registers at any moment, as exact integers, without stepping through the seconds before it."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from meterkast_reader.simulator.loads import DAY, Household, steps
from meterkast_reader.simulator.weather import temperature

QUARTER = 900
EPOCH = date(2026, 1, 1)
"""The meters were installed here; a simulation that starts earlier counts from the New Year before its start."""
_LONG_FAILURE = 180
_SAG, _SWELL = 0.01, 0.004
"""Chance of each per phase and day."""
_UNIX_EPOCH = date(1970, 1, 1)

Watts = tuple[int, int, int]


class Registers(NamedTuple):
    """Energy since installation in watt-seconds (var-seconds), by tariff and quadrant."""

    import_t1: int = 0
    import_t2: int = 0
    export_t1: int = 0
    export_t2: int = 0
    reactive_q1: int = 0
    reactive_q2: int = 0
    reactive_q3: int = 0
    reactive_q4: int = 0


class Failure(NamedTuple):
    """A power failure: its end in Unix seconds and its length."""

    end: int
    seconds: int

    @property
    def long(self) -> bool:
        """Whether meters count it as a long one."""
        return self.seconds > _LONG_FAILURE


class Peak(NamedTuple):
    """Energy of the highest quarter-hour in watt-seconds and its end in Unix seconds."""

    energy: int
    end: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What has been counted up to the beginning of a day."""

    registers: Registers
    mbus: tuple[int, int, int, int] = (0, 0, 0, 0)
    failures: tuple[Failure, ...] = ()
    failure_count: int = 0
    long_failure_count: int = 0
    sags: Watts = (0, 0, 0)
    swells: Watts = (0, 0, 0)
    peaks: tuple[tuple[date, Peak], ...] = ()


@dataclass(slots=True)
class Segment:
    """A stretch of constant power; `counters` are the Registers at its beginning."""

    start: int
    watts: Watts
    tariff: int
    counters: tuple[int, ...]


def reactive(watts: Watts) -> int:
    """Reactive power of the phases, 11 % of each less 25 var: motors draw some, chargers and filters give some back."""
    return abs(watts[0]) * 11 // 100 + abs(watts[1]) * 11 // 100 + abs(watts[2]) * 11 // 100 - 75


def count(counters: list[int], watts: Watts, tariff: int, seconds: int, surplus: int = 0) -> None:
    """Advance the registers by so many seconds at this power, plus a surplus of watt-seconds of the same sign."""
    net = watts[0] + watts[1] + watts[2]
    vars_ = reactive(watts) if any(watts) else 0
    exports = net < 0
    counters[tariff - 1 + 2 * exports] += abs(net * seconds + surplus)
    quadrant = 5 if exports else 4
    counters[quadrant if vars_ >= 0 else 11 - quadrant] += abs(vars_) * seconds


@dataclass
class Day:
    """One day of winter time, 86,400 s long: where power steps, and what it adds up to."""

    house: "House"
    number: int
    before: Totals
    segments: list[Segment] = field(default_factory=list)

    @cached_property
    def begins(self) -> int:
        """Unix seconds at its beginning."""
        return self.number * DAY - self.house.winter_offset

    @cached_property
    def calendar(self) -> date:
        """Its date."""
        return _UNIX_EPOCH + timedelta(self.number)

    @cached_property
    def shift(self) -> int:
        """Seconds by which the clock on the wall is ahead of winter time."""
        noon = datetime.fromtimestamp(self.begins + DAY // 2, self.house.zone)
        return int((noon.dst() or timedelta()).total_seconds())

    @cached_property
    def failures(self) -> tuple[tuple[int, int], ...]:
        """Start and end of the day's power failures, in even seconds of the day."""
        random = Random(f"{self.house.seed} failures {self.number}")  # noqa: S311
        if random.random() > 1 / 60:
            return ()
        seconds = random.choice((10, 40, 120, 400, 2400, 5400))
        start = random.randrange(3600, DAY - 10_000, 2)
        return ((start, start + seconds),)

    @cached_property
    def mbus_hours(self) -> tuple[tuple[int, int, int, int], ...]:
        """Gas in litres, water in litres, heat in kJ and cold in kJ of each hour of the day."""
        random = Random(f"{self.house.seed} mbus {self.number}").random  # noqa: S311
        outside = temperature(self.house.seed, self.number)
        hours = []
        for hour in range(24):
            awake = 1.0 if 6 <= hour <= 23 else 0.4  # noqa: PLR2004
            shower = 1 if hour in (7, 19) and random() < 0.8 else 0  # noqa: PLR2004
            warm = max(0.0, 16.0 - outside) * awake * (0.7 + 0.6 * random())
            gas = int(warm * 22 + shower * 140 + (30 if hour == 18 else 0) * random())  # noqa: PLR2004
            water = int(shower * 60 + awake * 12 * random())
            heat = int(warm * 700 + shower * 4500)
            cold = int(max(0.0, outside - 19.0) * 500 * awake * random())
            hours.append((gas, water, heat, cold))
        return tuple(hours)

    def tariff(self, second: int) -> int:
        """Dutch switching times: 2 on weekdays from 7 to 23 h, 1 at other times."""
        return 2 if self.calendar.weekday() < 5 and 25_200 <= second + self.shift < 82_800 else 1  # noqa: PLR2004

    def planned(self) -> "Day":
        """The same with its segments worked out."""
        if not self.segments:
            counters = list(self.before.registers)
            for start, end, watts, tariff in self._stretches():
                self.segments.append(Segment(start, watts, tariff, tuple(counters)))
                count(counters, watts, tariff, end - start)
            self.segments.append(Segment(DAY, (0, 0, 0), 1, tuple(counters)))
        return self

    def _stretches(self) -> list[tuple[int, int, Watts, int]]:
        """Start, end, power and tariff, split at every quarter-hour, tariff switch and failure."""
        changes: list[tuple[int, int, int]] = steps(
            self.house.household, self.number, weekday=self.calendar.weekday(), shift=self.shift
        )
        marks = [(second, 0, 0) for second in range(0, DAY, QUARTER)]
        marks += [(edge, 0, 0) for failure in self.failures for edge in failure]
        watts, found, since = [0, 0, 0], [], 0
        for second, phase, change in (*sorted(changes + marks), (DAY, 0, 0)):
            if second > since:
                off = bool(self.failures) and any(start <= since < end for start, end in self.failures)
                power = (0, 0, 0) if off else (watts[0], watts[1], watts[2])
                found.append((since, second, power, self.tariff(since)))
                since = second
            watts[phase] += change
        return found

    def after(self) -> Totals:
        """What has been counted at the day's end."""
        self.planned()
        before = self.before
        random = Random(f"{self.house.seed} sags {self.number}").random  # noqa: S311
        failures = [Failure(self.begins + end, end - start) for start, end in self.failures]
        return Totals(
            registers=Registers(*self.segments[-1].counters),
            mbus=_sums(before.mbus, self.mbus_hours),
            failures=(*before.failures, *(failure for failure in failures if failure.long))[-10:],
            failure_count=before.failure_count + len(failures),
            long_failure_count=before.long_failure_count + sum(failure.long for failure in failures),
            sags=tuple(count + (random() < _SAG) for count in before.sags),  # type: ignore[arg-type]
            swells=tuple(count + (random() < _SWELL) for count in before.swells),  # type: ignore[arg-type]
            peaks=self.peaks(DAY),
        )

    @cached_property
    def quarters(self) -> tuple[tuple[int, date, int], ...]:
        """End in seconds of the day, month's first day and energy imported of each quarter-hour."""
        marks = [segment for segment in self.planned().segments if segment.start % QUARTER == 0]
        tomorrow = (self.calendar + timedelta(1)).replace(day=1)
        today = self.calendar.replace(day=1)
        return tuple(
            (
                following.start,
                today if quarter.start + self.shift < DAY else tomorrow,
                following.counters[0] + following.counters[1] - quarter.counters[0] - quarter.counters[1],
            )
            for quarter, following in pairwise(marks)
        )

    def peaks(self, until: int) -> tuple[tuple[date, Peak], ...]:
        """The highest quarter-hour of each of the last 14 months, by its first day, up to a second of the day."""
        peaks = dict(self.before.peaks)
        for end, month, energy in self.quarters:
            if end > until:
                break
            if month not in peaks or energy > peaks[month].energy:
                peaks[month] = Peak(energy, self.begins + end)
        return tuple(peaks.items())[-14:]

    @cached_property
    def starts(self) -> list[int]:
        """Where each stretch begins."""
        return [segment.start for segment in self.planned().segments]

    def segment(self, second: int) -> Segment:
        """The stretch that a second of the day lies in."""
        return self.segments[bisect_right(self.starts, second) - 1]


def _sums(before: tuple[int, int, int, int], hours: Iterable[tuple[int, int, int, int]]) -> tuple[int, int, int, int]:
    gas, water, heat, cold = (sum(column) for column in zip(before, *hours, strict=True))
    return gas, water, heat, cold


class House:
    """A household of a seed in a time zone; its days are made when first asked for."""

    def __init__(self, seed: int, zone: str, *, starts: datetime) -> None:
        self.seed = seed
        self.zone = ZoneInfo(zone)
        self.household = Household.of(seed)
        installed = min(EPOCH, date(starts.year, 1, 1))
        winter = datetime(installed.year, 1, 1, 12, tzinfo=self.zone)
        self.winter_offset = int((winter.utcoffset() or timedelta()).total_seconds())
        self._first = (installed - _UNIX_EPOCH).days - 1
        self._totals = [self._at_installation()]
        self._days: dict[int, Day] = {}

    def _at_installation(self) -> Totals:
        random = Random(f"{self.seed} installation")  # noqa: S311
        kwh = [random.randint(300_000, 4_000_000) * 3600 for _ in range(4)]
        kvarh = [random.randint(20_000, 300_000) * 3600 for _ in range(4)]
        mbus = (random.randint(10_000, 3_000_000), random.randint(5_000, 400_000), random.randint(10**6, 10**8), 0)
        count = random.randint(2, 12)
        return Totals(registers=Registers(*kwh, *kvarh), mbus=mbus, failure_count=count)

    def prepare(self, moment: int) -> Iterator[None]:
        """Work out the days up to a moment, one at each turn, for callers that have other things to do in between."""
        number = self._number(moment)
        while len(self._totals) <= number - self._first:
            last = self._first + len(self._totals) - 1
            day = self._days.get(last) or Day(self, last, self._totals[-1])
            self._totals.append(day.after())
            yield

    def day(self, moment: int) -> Day:
        """The day that a moment in Unix seconds lies in; moments before installation are a ValueError."""
        number = self._number(moment)
        if number not in self._days:
            for _ in self.prepare(moment):
                pass
            for old in sorted(self._days)[:-2]:
                del self._days[old]
            self._days[number] = Day(self, number, self._totals[number - self._first])
        return self._days[number]

    def _number(self, moment: int) -> int:
        number = (moment + self.winter_offset) // DAY
        if number < self._first:
            raise ValueError("the simulated meter was not installed yet at this time")
        return number
