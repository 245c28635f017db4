"""A simulated meter: what it would show at a moment, and the telegram it would send."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from math import isqrt
from random import Random

from meterkast_reader.crc import seal
from meterkast_reader.simulator.dialects import DIALECTS, Dialect
from meterkast_reader.simulator.house import QUARTER, Day, House, Peak, Registers, Segment, Watts, count

MBUS = ("gas", "water", "heat", "cold")


@dataclass(frozen=True, slots=True)
class State:
    """What a meter knows at a moment; numbers are Ws, vars, W, var, VA, dV, mA, l and kJ."""

    moment: int
    meter: "Meter"
    day: Day
    numbers: Mapping[str, int]

    def local(self, moment: int) -> datetime:
        """A moment on the meter's own clock."""
        return datetime.fromtimestamp(moment, self.meter.house.zone)


class Meter:
    """The meter of a seed's house in one dialect."""

    def __init__(self, dialect: str, seed: int, *, starts: datetime) -> None:
        self.dialect: Dialect = DIALECTS[dialect]
        self.seed = seed
        self.house = House(seed, self.dialect.zone, starts=starts)
        self._peaks: tuple[int, tuple[tuple[date, Peak], ...]] = (-1, ())
        self.at_month_start = lru_cache(maxsize=2)(self._at_month_start)

    def telegram(self, moment: int) -> bytes | None:
        """The telegram sent at a moment in Unix seconds; None while the power is out."""
        state = self.state(moment)
        if state is None:
            return None
        lines = [f"{code}({line(state)})" if code else line(state) for code, line in self.dialect.lines]
        body = "\r\n".join((self.dialect.identification, "", *lines, "!")).encode("ascii")
        return seal(body) if self.dialect.crc else body + b"\r\n" + self.dialect.tail

    def state(self, moment: int) -> State | None:
        """What the meter shows; power is the mean of the second that has just passed. None while the power is out."""
        day = self.house.day(moment - 1)
        second = moment - 1 - day.begins
        if any(start <= second < end for start, end in day.failures):
            return None
        segment = day.segment(second)
        noise = self._noise(segment, moment - 1)
        registers = self._registers(segment, second, noise)
        sign = 1 if second % 2 == 0 else -1
        watts: Watts = tuple(  # type: ignore[assignment]
            watt + sign * change for watt, change in zip(segment.watts, noise, strict=True)
        )
        numbers = {**_energy(registers), **_power(watts, segment.watts), "tariff": segment.tariff}
        numbers |= self._quality(watts, moment) | _counts(day, second) | self._mbus(day, moment)
        numbers["demand"] = self._demand(day, second, registers)
        return State(moment, self, day, numbers)

    def registers(self, moment: int) -> Registers:
        """The registers at a moment."""
        day = self.house.day(moment - 1)
        second = moment - 1 - day.begins
        segment = day.segment(second)
        return self._registers(segment, second, self._noise(segment, moment - 1))

    def month_peaks(self, state: State) -> list[tuple[date, Peak]]:
        """The highest quarter-hour of this month (the last) and of those before it, by the month's first day."""
        quarter = state.moment // QUARTER
        if self._peaks[0] != quarter:
            self._peaks = (quarter, state.day.peaks(quarter * QUARTER - state.day.begins))
        peaks, month = list(self._peaks[1]), state.local(state.moment).date().replace(day=1)
        return peaks if peaks and peaks[-1][0] == month else [*peaks, (month, Peak(0, 0))]

    def _at_month_start(self, year: int, month: int) -> tuple[int, Registers]:
        moment = int(datetime(year, month, 1, tzinfo=self.house.zone).timestamp())
        return moment, self.registers(moment)

    def _noise(self, segment: Segment, second: int) -> Watts:
        """Change of power in the first of two seconds and back in the second, so small that no sign changes."""
        net = abs(sum(segment.watts))
        draw = Random(second // 2 * 8191 + self.seed)  # noqa: S311
        limits = [min(abs(watt), net, 480) // 8 for watt in segment.watts]
        first, second_, third = (draw.randint(-limit, limit) if limit else 0 for limit in limits)
        return first, second_, third

    @staticmethod
    def _registers(segment: Segment, second: int, noise: Watts) -> Registers:
        counters = list(segment.counters)
        passed = second + 1 - segment.start
        count(counters, segment.watts, segment.tariff, passed, surplus=sum(noise) if passed % 2 else 0)
        return Registers(*counters)

    def _demand(self, day: Day, second: int, registers: Registers) -> int:
        """Energy imported in the running quarter-hour over 900 s, W."""
        began = day.segment(second - second % QUARTER)
        energy = registers.import_t1 + registers.import_t2 - sum(began.counters[:2])
        return energy // QUARTER

    def _quality(self, watts: Watts, moment: int) -> dict[str, int]:
        drift = Random(moment // 60 * 131 + self.seed)  # noqa: S311
        grid = 2335 + drift.randint(-15, 15)
        numbers = {"frequency": 5000 + drift.randint(-3, 3)}
        for phase, watt in enumerate(watts, 1):
            voltage = grid + drift.randint(-8, 8) - watt * 10 // 1150
            apparent = isqrt(watt * watt + (abs(watt) * 11 // 100 - 25) ** 2)
            numbers[f"voltage_l{phase}"] = voltage
            numbers[f"current_l{phase}"] = apparent * 10_000 // voltage
            numbers[f"power_factor_l{phase}"] = abs(watt) * 1000 // apparent
        return numbers

    def _mbus(self, day: Day, moment: int) -> dict[str, int]:
        """M-Bus registers at the last time the devices were read."""
        read_at = moment - moment % self.dialect.mbus_period_s
        day = day if read_at >= day.begins else self.house.day(read_at)
        hour, second = divmod(read_at - day.begins, 3600)
        running = day.mbus_hours[hour] if hour < len(day.mbus_hours) else (0, 0, 0, 0)
        numbers = {"mbus_read_at": read_at}
        for index, kind in enumerate(MBUS):
            before = day.before.mbus[index] + sum(past[index] for past in day.mbus_hours[:hour])
            numbers[kind] = before + running[index] * (second // 300) // 12
        return numbers


def _energy(registers: Registers) -> dict[str, int]:
    numbers = registers._asdict()
    whole_wh = {way: sum(numbers[f"{way}_t{t}"] // 3600 for t in (1, 2)) * 3600 for way in ("import", "export")}
    q1, q2, q3, q4 = registers[4:]
    return {
        **numbers,
        **whole_wh,
        "absolute": whole_wh["import"] + whole_wh["export"],
        "import_exact": registers.import_t1 + registers.import_t2,
        "reactive_import": q1 + q2,
        "reactive_export": q3 + q4,
    }


def _power(watts: Watts, steady: Watts) -> dict[str, int]:
    net = sum(watts)
    reactive = [abs(watt) * 11 // 100 - 25 for watt in steady]
    numbers: dict[str, int] = {}
    for name, values in (("power", watts), ("reactive_power", reactive)):
        total = sum(values)
        for suffix, value in (("", total), *((f"_l{phase}", value) for phase, value in enumerate(values, 1))):
            numbers[f"{name}_import{suffix}"] = max(value, 0)
            numbers[f"{name}_export{suffix}"] = max(-value, 0)
    var = sum(reactive)
    quadrant = (1 if var >= 0 else 4) if net >= 0 else (2 if var >= 0 else 3)
    for number in range(1, 5):
        numbers[f"reactive_power_q{number}"] = abs(var) if number == quadrant else 0
    apparent = isqrt(net * net + var * var)
    numbers["apparent_power_import"] = apparent if net >= 0 else 0
    numbers["apparent_power_export"] = apparent if net < 0 else 0
    numbers["power_factor"] = abs(net) * 1000 // apparent if apparent else 1000
    return numbers


def _counts(day: Day, second: int) -> dict[str, int]:
    passed = [end - start for start, end in day.failures if end <= second]
    before = day.before
    numbers = {
        "failures": before.failure_count + len(passed),
        "long_failures": before.long_failure_count + sum(seconds > 180 for seconds in passed),  # noqa: PLR2004
    }
    for phase in range(3):
        numbers[f"sags_l{phase + 1}"] = before.sags[phase]
        numbers[f"swells_l{phase + 1}"] = before.swells[phase]
    return numbers


def simulate(dialect: str, seed: int, start: datetime, step: timedelta, times: int) -> Iterator[tuple[datetime, bytes]]:
    """Telegrams at `times` moments a step apart, less those in which the power is out."""
    meter = Meter(dialect, seed, starts=start)
    for number in range(times):
        at = start + number * step
        if (telegram := meter.telegram(int(at.timestamp()))) is not None:
            yield at.astimezone(UTC), telegram
