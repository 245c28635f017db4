"""What runs in the house on a day: every appliance as steps of power on a phase."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from meterkast_reader.simulator.weather import sunshine, temperature

DAY = 86_400
Step = tuple[int, int, int]
"""Second of the day, phase 0 to 2, change in watts."""


@dataclass(frozen=True, slots=True)
class Household:
    """What does not change from day to day: the appliances and habits of a seed."""

    seed: int
    standby_w: tuple[int, int, int]
    solar_w: int
    solar_phase: int
    car_phases: tuple[int, ...]
    car_days: frozenset[int]
    heat_pump_w: int
    fridge_w: int
    fridge_period: int
    rises_at: int

    @classmethod
    def of(cls, seed: int) -> "Household":
        """The household of a seed."""
        random = Random(f"{seed} household")  # noqa: S311
        return cls(
            seed=seed,
            standby_w=(random.randint(40, 90), random.randint(30, 80), random.randint(20, 60)),
            solar_w=random.choice((2600, 3600, 4400, 5200)),
            solar_phase=random.randrange(3),
            car_phases=random.choice(((0,), (0, 1, 2))),
            car_days=frozenset(random.sample(range(7), 3)),
            heat_pump_w=random.choice((800, 1200, 1600)),
            fridge_w=random.randint(70, 110),
            fridge_period=random.randrange(2400, 3600, 60),
            rises_at=random.randrange(22_000, 27_000, 60),
        )


def steps(house: Household, day: int, *, weekday: int, shift: int) -> list[Step]:
    """All steps of a day in order; `shift` is how much earlier than winter time people live (3600 in summer)."""
    random = Random(f"{house.seed} day {day}")  # noqa: S311
    found = [
        *_always(house, random),
        *_sun(house, day),
        *_heating(house, day, random),
        *_habits(house, random, weekday=weekday, shift=shift),
    ]
    if weekday in house.car_days:
        found += _car(house, random, shift=shift)
    return sorted(found)


def _run(phase: int, start: int, length: int, watts: int) -> Iterator[Step]:
    """One run of an appliance, at even seconds and within the day."""
    start = min(max(start - start % 2, 0), DAY)
    end = min(start + length + length % 2, DAY)
    if start < end:
        yield start, phase, watts
        if end < DAY:
            yield end, phase, -watts


def _always(house: Household, random: Random) -> Iterator[Step]:
    for phase, watts in enumerate(house.standby_w):
        yield 0, phase, watts
    for start in range(random.randrange(0, house.fridge_period, 2), DAY, house.fridge_period):
        yield from _run(0, start, house.fridge_period // 3, house.fridge_w)


def _sun(house: Household, day: int) -> Iterator[Step]:
    before = 0
    for second, watts in sunshine(house.seed, day, house.solar_w):
        if watts != before:
            yield second, house.solar_phase, before - watts
            before = watts


def _heating(house: Household, day: int, random: Random) -> Iterator[Step]:
    need = max(0.0, 16.5 - temperature(house.seed, day)) / 20
    for hour in range(24):
        colder = 1.15 if hour < 9 or hour > 20 else 0.85  # noqa: PLR2004
        seconds = int(3600 * min(need * colder * (0.8 + 0.4 * random.random()), 1.0))
        if seconds > 300:  # noqa: PLR2004
            yield from _run(2, hour * 3600 + random.randrange(0, 600, 2), min(seconds, 3500), house.heat_pump_w)


def _habits(house: Household, random: Random, *, weekday: int, shift: int) -> Iterator[Step]:
    weekend = weekday > 4  # noqa: PLR2004
    rise = house.rises_at + random.randint(-600, 600) + 5400 * weekend - shift
    evening = 61_200 + random.randint(-1200, 2400) - shift
    bedtime = 81_000 + random.randint(-2400, 3600) - shift
    yield from _run(1, rise, 3000 + 3600 * weekend, 140)
    yield from _run(1, rise + 600, 180, 2050)
    yield from _run(1, rise + 1500, 120, 1350)
    if weekend or random.random() < 0.3:  # noqa: PLR2004
        yield from _run(1, 43_200 + random.randint(0, 3600) - shift, 480, 1700)
    for ring, watts in ((1, 1800), (2, 1400)):
        start = evening + random.randint(0, 900)
        for _ in range(random.randint(3, 7)):
            length = random.randrange(60, 420, 2)
            yield from _run(ring, start, length, watts * random.randint(40, 100) // 100)
            start += length + random.randrange(20, 120, 2)
    yield from _run(0, evening, bedtime - evening, 180 + random.randint(0, 120))
    yield from _run(1, evening + 5400, bedtime - evening - 5400, 110)
    yield from _run(1, evening + 7000 + random.randint(0, 3000), 200, 2050)
    if random.random() < 0.6:  # noqa: PLR2004
        yield from _washing(random, 0, (36_000 if weekend else 68_000) + random.randint(0, 6000) - shift)
    if random.random() < 0.7:  # noqa: PLR2004
        start = evening + 6000 + random.randint(0, 3000)
        yield from _run(2, start, 900, 1950)
        yield from _run(2, start + 900, 2400, 60)
        yield from _run(2, start + 3300, 700, 1950)


def _washing(random: Random, phase: int, start: int) -> Iterator[Step]:
    warm = random.choice((600, 1000, 1400))
    yield from _run(phase, start, warm, 2000)
    for turn in range(start + warm, start + warm + 3000, 60):
        yield from _run(phase, turn, 40, 170)
    yield from _run(phase, start + warm + 3000, 500, 420)


def _car(house: Household, random: Random, *, shift: int) -> Iterator[Step]:
    start = 64_800 + random.randint(0, 7200) - shift
    energy_ws = random.randint(6, 24) * 3_600_000
    length = min(energy_ws // (3680 * len(house.car_phases)), DAY - start)
    for phase in house.car_phases:
        yield from _run(phase, start, length, 3680)
