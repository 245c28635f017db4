"""Weather of a made-up place at 52° north: temperature, sun and clouds, each a function of seed and day."""

import math
from functools import lru_cache
from random import Random

SOLAR_STEP = 300
_LATITUDE = math.radians(52.1)
_YEAR = 365.2425
_EPOCH_DAY_OF_YEAR = 10
"""Days from the winter solstice to 1970-01-01."""


@lru_cache(maxsize=4096)
def _mood(seed: int, day: int) -> tuple[float, float]:
    random = Random(f"{seed} weather {day}")  # noqa: S311
    return random.gauss(0, 4), random.random()


def temperature(seed: int, day: int) -> float:
    """Mean outside temperature of a day, °C; days since 1970."""
    season = -7.5 * math.cos(2 * math.pi * ((day - 15) % _YEAR) / _YEAR)
    moods = [_mood(seed, day - back)[0] for back in range(3)]
    return 10.5 + season + 0.55 * moods[0] + 0.3 * moods[1] + 0.15 * moods[2]


def clearness(seed: int, day: int) -> float:
    """Share of the sun that reaches the roof on a day, 0.1 to 1."""
    today, yesterday = _mood(seed, day)[1], _mood(seed, day - 1)[1]
    return 0.1 + 0.9 * (0.7 * today + 0.3 * yesterday)


@lru_cache(maxsize=400)
def _bell(day_of_year: int) -> tuple[tuple[int, float], ...]:
    """Second of the day (winter time) and height of the sun from 0 to 1, at every step that it is up."""
    declination = math.radians(-23.44) * math.cos(2 * math.pi * day_of_year / _YEAR)
    steps = []
    for second in range(0, 86400, SOLAR_STEP):
        hour_angle = 2 * math.pi * (second - 45_600) / 86400
        height = math.sin(_LATITUDE) * math.sin(declination)
        height += math.cos(_LATITUDE) * math.cos(declination) * math.cos(hour_angle)
        if height > 0:
            steps.append((second, height**1.2))
    return tuple(steps)


def sunshine(seed: int, day: int, peak_w: int) -> list[tuple[int, int]]:
    """Power of a roof of so many watts: (second of the day, watts) at each step from sunrise to after sunset."""
    random = Random(f"{seed} clouds {day}").random  # noqa: S311
    clear = clearness(seed, day)
    broken = 1 - abs(2 * clear - 1)
    cloud = clear
    steps = []
    for second, height in _bell(int((day + _EPOCH_DAY_OF_YEAR) % _YEAR)):
        cloud += 0.3 * (clear - cloud) + 0.5 * broken * (random() - 0.5)
        steps.append((second, int(peak_w * height * min(max(cloud, 0.05), 1.05))))
    return [*steps, (steps[-1][0] + SOLAR_STEP, 0)]
