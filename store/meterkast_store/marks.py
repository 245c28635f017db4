"""Marks: where the registers of a series stood at an instant, and the stretches between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from meterkast_store import quarter
from meterkast_store.instants import QUARTER_MS
from meterkast_store.rows import Row

FRESH_INTERVALS = 2


@dataclass(frozen=True, slots=True)
class Mark:
    """The registers at an instant.

    `begins`: an epoch begins, no difference may be taken with the mark before. `held`: nothing has moved since then.
    """

    at: int
    registers: Mapping[str, int]
    begins: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was used between two marks; without `values` it is not known, `held` means nothing at any time in it."""

    start: int
    end: int
    values: Mapping[str, int] | None
    held: bool = False


def tolerance_of(row: Row, tolerance_ms: int, previous: Row | None = None) -> int:
    """Return how far from a boundary a reading may lie: as set, or twice the readings' interval.

    A single reading's interval is that since the quarter before.
    """
    count = row.number("count")
    interval = row.number("span") // (count - 1) if count > 1 else 0
    if count == 1 and previous is not None and previous.at == row.at - QUARTER_MS:
        interval = quarter.measured_at(row) - quarter.measured_at(previous)
    return max(tolerance_ms, FRESH_INTERVALS * interval)


def reaches_boundary(row: Row, tolerance_ms: int, previous: Row | None = None) -> bool:
    """Whether the row tells how the registers stood at its boundary."""
    return row.at % QUARTER_MS == 0 and row.number("lag") <= tolerance_of(row, tolerance_ms, previous)


def quarter_marks(rows: Sequence[Row], *, tail_at: int, tolerance_ms: int) -> list[Mark]:
    """Return the marks of a meter's quarters, in order; the newest row (`tail_at`) reaches its reading."""
    marks: list[Mark] = []
    previous: Row | None = None
    reached = False
    for row in rows:
        start = quarter.quarter_start(row)
        begins = previous is None or bool(row.number("reset"))
        follows = previous is not None and previous.at == start and reached
        if begins or not follows:
            first = quarter.first_measured_at(row)
            near = first - start <= tolerance_of(row, tolerance_ms, previous)
            same_quarter = previous is not None and quarter.quarter_start(previous) == start
            at = start if near and not same_quarter else first
            marks.append(Mark(at, quarter.first_registers_of(row), begins))
        reached = reaches_boundary(row, tolerance_ms, previous)
        marks.append(
            Mark(row.at if reached and row.at != tail_at else quarter.measured_at(row), quarter.registers_of(row))
        )
        previous = row
    return marks


def mbus_marks(rows: Sequence[Row]) -> list[Mark]:
    """Return the marks of an M-Bus meter: a reading stands for each boundary until the next one is due.

    One of a coarser record (`loose`) stands for its own alone. The row that begins an epoch tells from where on.
    """
    marks: list[Mark] = []
    for index, row in enumerate(rows):
        registers = quarter.registers_of(row)
        begins = index == 0 or bool(row.number("reset"))
        if begins and row.number("span"):
            marks.append(Mark(quarter.first_measured_at(row), quarter.first_registers_of(row), begins=True))
            begins = False
        marks.append(Mark(row.at, registers, begins))
        if index + 1 < len(rows) and not row.number("loose"):
            until = quarter.measured_at(row) + _interval(rows[max(0, index - 2) : index + 1]) - 1
            until = min(until // QUARTER_MS * QUARTER_MS, rows[index + 1].at - QUARTER_MS)
            if until > row.at:
                marks.append(Mark(until, registers, held=True))
    return marks


def _interval(rows: Sequence[Row]) -> int:
    times = [quarter.measured_at(row) for row in rows]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return max(QUARTER_MS, min(gaps, default=4 * QUARTER_MS))


def stretches(marks: Sequence[Mark]) -> Iterator[Stretch]:
    """Return what lies between consecutive marks."""
    for before, after in pairwise(marks):
        if after.begins:
            yield Stretch(before.at, after.at, None)
            continue
        common = before.registers.keys() & after.registers.keys()
        values = {name: after.registers[name] - before.registers[name] for name in common}
        yield Stretch(before.at, after.at, values, after.held)
