"""Usage: every stretch between marks lies inside one row, or it is a hole between rows."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from meterkast_store.history import Hole, UsageRow
from meterkast_store.instants import from_ms
from meterkast_store.marks import Mark, Stretch, stretches

TARIFFS = range(1, 5)
WAYS = ("import", "export")


@dataclass(slots=True)
class _Bin:
    start: int
    end: int
    values: dict[str, int] = field(default_factory=dict)
    hole: bool = False


def tabulate(
    bounds: Sequence[int], meters: Sequence[Sequence[Mark]], mbus: Sequence[Sequence[Mark]], *, tolerance_ms: int
) -> tuple[tuple[UsageRow, ...], tuple[Hole, ...]]:
    """Return rows between consecutive bounds, and the holes that no row contains, from each series' marks."""
    meters = sorted((marks for marks in meters if marks), key=lambda marks: marks[0].at)
    mbus = [marks for marks in mbus if marks]
    if not meters and not mbus:
        return (), ()
    bins = [_Bin(start, end) for start, end in pairwise(bounds)]
    holes: list[Stretch] = []
    for stretch in _all_stretches([*meters, *mbus]):
        _book(stretch, bounds, bins, holes, tolerance_ms)
    main = meters or mbus
    first, last = min(marks[0].at for marks in main), max(marks[-1].at for marks in main)
    for before, after in pairwise(meters):
        if after[0].at - before[-1].at > tolerance_ms:
            _flag(bounds, bins, before[-1].at, after[0].at)
    if bins and bins[0].start < first:
        _flag(bounds, bins, bins[0].start, first)
    rows = tuple(
        UsageRow(from_ms(b.start), from_ms(b.end), b.values, hole=b.hole, complete=b.end <= last)
        for b in bins
        if b.end > first and b.start < last
    )
    return rows, tuple(_merged(holes, bounds))


def with_totals(values: Mapping[str, int]) -> dict[str, int]:
    """Return the values with the total of a way where a meter only has registers per tariff."""
    result = dict(values)
    for way in WAYS:
        parts = [values[name] for t in TARIFFS if (name := f"energy_{way}_t{t}_wh") in values]
        if parts and f"energy_{way}_wh" not in values:
            result[f"energy_{way}_wh"] = sum(parts)
    return result


def _all_stretches(chains: Iterable[Sequence[Mark]]) -> Iterable[Stretch]:
    for marks in chains:
        yield from stretches(marks)


def _book(stretch: Stretch, bounds: Sequence[int], bins: list[_Bin], holes: list[Stretch], tolerance_ms: int) -> None:
    if stretch.end <= bounds[0] or stretch.start >= bounds[-1]:
        return
    if stretch.values is None:
        if stretch.end - stretch.start > tolerance_ms:
            _flag(bounds, bins, stretch.start, stretch.end)
        return
    if stretch.held:
        for one in _overlapping(bounds, bins, stretch.start, stretch.end):
            for name in stretch.values:
                one.values.setdefault(name, 0)
        return
    index = bisect_right(bounds, stretch.start) - 1
    if index >= 0 and stretch.end <= bounds[index + 1]:
        values = bins[index].values
        for name, value in with_totals(stretch.values).items():
            values[name] = values.get(name, 0) + value
        return
    _flag(bounds, bins, stretch.start, stretch.end)
    holes.append(stretch)


def _flag(bounds: Sequence[int], bins: list[_Bin], start: int, end: int) -> None:
    for one in _overlapping(bounds, bins, start, end):
        one.hole = True


def _overlapping(bounds: Sequence[int], bins: list[_Bin], start: int, end: int) -> list[_Bin]:
    return bins[max(0, bisect_right(bounds, start) - 1) : bisect_left(bounds, end)]


def _merged(holes: Sequence[Stretch], bounds: Sequence[int]) -> Iterable[Hole]:
    """Holes of several series over the same time are one; what reaches over the asked time has no values."""
    merged: dict[tuple[int, int], dict[str, int]] = {}
    for hole in holes:
        values = merged.setdefault((hole.start, hole.end), {})
        if bounds[0] <= hole.start and hole.end <= bounds[-1]:
            for name, value in with_totals(hole.values or {}).items():
                values[name] = values.get(name, 0) + value
    for (start, end), values in sorted(merged.items()):
        yield Hole(from_ms(start), from_ms(end), values)
