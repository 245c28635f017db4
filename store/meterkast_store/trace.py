"""Traces: between two boundaries that both have their row, usage is what the registers differ; the rest needs marks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter, sub

from meterkast_store import quarter
from meterkast_store.instants import QUARTER_MS
from meterkast_store.marks import Mark, mbus_marks, quarter_marks, reaches_boundary
from meterkast_store.rows import Columns, Row, Table
from meterkast_store.totals import parts_of_totals

Registers = Mapping[str, Sequence[int | None]]

NOWHERE = -1
ROWS_BEFORE = 2
"""How many rows before a row its marks depend on."""


@dataclass(frozen=True, slots=True)
class Run:
    """What was used from bound number `first` to the next, from that to the one after it, and so on."""

    first: int
    values: Sequence[dict[str, int]]


@dataclass(frozen=True, slots=True)
class Trace:
    """What a series tells: runs, and the marks before, between and after them."""

    pieces: Sequence[Sequence[Mark]]
    runs: Sequence[Run] = ()

    @property
    def start(self) -> int:
        """When its first mark is."""
        return self.pieces[0][0].at

    @property
    def end(self) -> int:
        """When its last mark is."""
        return self.pieces[-1][-1].at


class Selection:
    """The live rows of a series that tell its usage between bounds: those at the bounds, and others around them."""

    def __init__(self, columns: Columns, others: Mapping[int, Row], *, tail_at: int, tolerance_ms: int) -> None:
        self._columns = columns
        self._others = others
        self._tail_at = tail_at
        self._tolerance_ms = tolerance_ms
        self._places = _alive(columns)
        self._times = sorted(self._places.keys() | others.keys())

    def trace(self, bounds: Sequence[int]) -> Trace:
        """Return runs where rows follow the bounds without a break, and marks of the rest."""
        numbers = {at: number for number, at in enumerate(bounds)}
        registers = _registers(self._columns)
        pieces, runs, begin = [], [], 0
        for first, last in _runs(self._linked(numbers, registers)):
            pieces.append(self._marks(begin, first))
            places = [self._places[at] for at in self._times[first : last + 1]]
            runs.append(Run(numbers[self._times[first]], _differences(registers, places)))
            begin = last
        pieces.append(self._marks(begin, len(self._times) - 1))
        return Trace(pieces, runs)

    def whole(self) -> Trace:
        """Return the marks of every row."""
        return Trace([self._marks(0, len(self._times) - 1)])

    def _linked(self, numbers: Mapping[int, int], registers: Registers) -> list[bool]:
        """For each row but the last: whether it and the next stand at adjacent bounds, with nothing between."""
        begins, sound, shapes = self._columns.column("reset"), self._sound(), _shapes(registers, self._columns)
        places = [self._places.get(at, NOWHERE) for at in self._times]
        reached = [numbers.get(at, NOWHERE) if at in sound else NOWHERE for at in self._times]
        return [
            number != NOWHERE
            and following == number + 1
            and not begins[after]
            and (shapes is None or shapes[before] == shapes[after])
            for (number, following), (before, after) in zip(pairwise(reached), pairwise(places), strict=True)
        ]

    def _sound(self) -> set[int]:
        """Return the times of the rows that tell how the registers stood at their boundary."""
        if self._columns.series.table is Table.MBUS:
            return self._places.keys() - {self._tail_at}
        lags, most = self._columns.column("lag"), self._tolerance_ms
        return {
            at
            for at, place in self._places.items()
            if at != self._tail_at and (at % QUARTER_MS == 0 <= lags[place] <= most or self._reaches(place))
        }

    def _reaches(self, place: int) -> bool:
        return reaches_boundary(self._columns.row(place), self._tolerance_ms)

    def _marks(self, first: int, last: int) -> list[Mark]:
        """Return the marks of the rows from `first` to `last`; of a first that ends a run, the one at its boundary."""
        rows = [self._row(at) for at in self._times[max(0, first - ROWS_BEFORE) : last + 1]]
        if self._columns.series.table is Table.MBUS:
            marks = mbus_marks(rows)
        else:
            marks = quarter_marks(rows, tail_at=self._tail_at, tolerance_ms=self._tolerance_ms)
        return [mark for mark in marks if mark.at >= self._times[first]] if first else marks

    def _row(self, at: int) -> Row:
        return self._others[at] if at in self._others else self._columns.row(self._places[at])


def _alive(columns: Columns) -> dict[int, int]:
    """Return the place of each row that stands for any sample, by its time."""
    if columns.series.table is Table.MBUS:
        return {at: place for place, at in enumerate(columns.times)}
    counts = columns.column("count")
    return {at: place for place, at in enumerate(columns.times) if counts[place]}


def _registers(columns: Columns) -> Registers:
    return {n: values for n, values in columns.fields.items() if quarter.holds_register(columns.series.table, n)}


def _shapes(registers: Registers, columns: Columns) -> Sequence[tuple[int, ...]] | None:
    """For each row: which registers it lacks; None where none lacks any."""
    lacking = [[place for place, value in enumerate(values) if value is None] for values in registers.values()]
    if not any(lacking):
        return None
    shapes: list[tuple[int, ...]] = [()] * len(columns.times)
    for number, places in enumerate(lacking):
        for place in places:
            shapes[place] += (number,)
    return shapes


def _runs(linked: Iterable[bool]) -> Iterator[tuple[int, int]]:
    """Return the first and the last row of each stretch of linked ones."""
    place = 0
    for is_linked, group in groupby(linked):
        following = place + len(list(group))
        if is_linked:
            yield place, following
        place = following


def _differences(registers: Registers, places: Sequence[int]) -> list[dict[str, int]]:
    """Return what each of these rows' registers, and their totals, gained since the row before."""
    gained: dict[str, list[int]] = {}
    for name, values in registers.items():
        stood: tuple[int, ...] = itemgetter(*places)(values)
        if stood[0] is not None:
            gained[name] = list(map(sub, stood[1:], stood))
    for total, parts in parts_of_totals(gained).items():
        gained[total] = list(map(sum, zip(*(gained[name] for name in parts), strict=True)))
    return [dict(zip(gained, values, strict=True)) for values in zip(*gained.values(), strict=True)]
