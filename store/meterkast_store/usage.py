"""Usage: every stretch between marks lies inside one row, or it is a hole between rows."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise

from meterkast_store.history import Hole, UsageRow
from meterkast_store.instants import from_ms
from meterkast_store.marks import Stretch, stretches
from meterkast_store.totals import with_totals
from meterkast_store.trace import Trace


@dataclass(slots=True)
class _Bin:
    start: int
    end: int
    values: dict[str, int] = field(default_factory=dict)
    hole: bool = False

    def add(self, values: dict[str, int]) -> None:
        if not self.values:
            self.values = values
            return
        for name, value in values.items():
            self.values[name] = self.values.get(name, 0) + value


def tabulate(
    bounds: Sequence[int], meters: Iterable[Trace], mbus: Sequence[Trace], *, tolerance_ms: int
) -> tuple[tuple[UsageRow, ...], tuple[Hole, ...]]:
    """Return rows between consecutive bounds, and the holes that no row contains, from each series' trace."""
    meters = sorted(meters, key=lambda trace: trace.start)
    if not meters and not mbus:
        return (), ()
    bins = [_Bin(start, end) for start, end in pairwise(bounds)]
    holes: list[Stretch] = []
    for trace in (*meters, *mbus):
        for stretch in chain.from_iterable(map(stretches, trace.pieces)):
            _book(stretch, bounds, bins, holes, tolerance_ms)
        for run in trace.runs:
            for one, values in zip(bins[run.first :], run.values, strict=False):
                one.add(values)
    main = meters or mbus
    first, last = min(trace.start for trace in main), max(trace.end for trace in main)
    for before, after in pairwise(meters):
        if after.start - before.end > tolerance_ms:
            _flag(bounds, bins, before.end, after.start)
    if bins and bins[0].start < first:
        _flag(bounds, bins, bins[0].start, first)
    times = pairwise(map(from_ms, bounds))
    rows = tuple(
        UsageRow(start, end, b.values, hole=b.hole, complete=b.end <= last)
        for b, (start, end) in zip(bins, times, strict=True)
        if b.end > first and b.start < last
    )
    return rows, tuple(_merged(holes, bounds))


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
    if stretch.end == stretch.start and not any(stretch.values.values()):
        return
    index = bisect_right(bounds, stretch.start) - 1
    if index >= 0 and stretch.end <= bounds[index + 1]:
        bins[index].add(with_totals(stretch.values))
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
