"""Curves: which rows they are made from, and the bins of several meters as one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from meterkast_store.columns import AGGREGATED, gauge_decimals, natural
from meterkast_store.history import MAX_POINTS, PowerBin, Spread
from meterkast_store.instants import BLOCK_MS, QUARTER_MS, from_ms
from meterkast_store.rows import Bin, Table

FROM_SAMPLES_MS = 48 * 3_600_000
Reach = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """From which table, from when to when and in how wide bins a curve is read (ms)."""

    table: Table
    start: int
    end: int
    width: int


def plans(start: int, end: int, points: int, fields: Sequence[str]) -> list[Plan]:
    """Return how to read a curve, the better way first: readings while they are few, else quarters.

    Where bins are wider than six hours they begin at a block's beginning and are made of whole ones.
    """
    points = max(1, min(points, MAX_POINTS))
    span = end - start
    if span <= 0:
        return []
    width = -(-span // points)
    result = []
    if span <= FROM_SAMPLES_MS or not set(fields) <= set(AGGREGATED):
        result.append(Plan(Table.SAMPLE, start, end, width))
    step = BLOCK_MS if width > BLOCK_MS else QUARTER_MS
    begin = start // step * step
    until = -(-end // step) * step
    steps = -(-(until - begin) // (points * step))
    result.append(Plan(Table.QUARTER, begin, until, max(1, steps) * step))
    return result


def merged(bins: Iterable[Bin]) -> tuple[PowerBin, ...]:
    """Return bins as curves show them; those of several meters at the same time become one."""
    result: dict[int, tuple[int, dict[str, Reach]]] = {}
    for one in bins:
        count, values = result.get(one.at, (0, {}))
        for name, new in one.values.items():
            old = values.get(name)
            values[name] = new if old is None else _joined(old, count, new, one.count)
        result[one.at] = (count + one.count, values)
    return tuple(
        PowerBin(from_ms(at), count, {name: _spread(name, reach) for name, reach in values.items()})
        for at, (count, values) in sorted(result.items())
    )


def _joined(old: Reach, old_count: int, new: Reach, new_count: int) -> Reach:
    mean = (old[1] * old_count + new[1] * new_count) / (old_count + new_count)
    return min(old[0], new[0]), mean, max(old[2], new[2])


def _spread(name: str, reach: Reach) -> Spread:
    decimals = gauge_decimals(name) or 0
    low, mean, high = reach
    return Spread(natural(low, decimals), mean / 10**decimals, natural(high, decimals))
