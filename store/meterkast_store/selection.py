"""Which rows must be read to know the registers at given boundaries: few, however long the time between them."""

from collections.abc import Sequence

from meterkast_store import quarter
from meterkast_store.instants import QUARTER_MS
from meterkast_store.marks import Mark, mbus_marks, quarter_marks, reaches_boundary
from meterkast_store.recorder import FAR_AHEAD, LONG_AGO, TOMBSTONES_IN_A_ROW
from meterkast_store.rows import Row, Rows, Series, Table

ROWS_TO_KNOW_AN_INTERVAL = 3
DENSE = 2


async def marks_at(rows: Rows, series: Series, bounds: Sequence[int], *, tolerance_ms: int) -> list[Mark]:
    """Return the marks of a series that tell usage between the bounds."""
    ends = await _ends(rows, series)
    if ends is None or not bounds:
        return []
    first, tail = ends
    inside = [at for at in bounds if first.at <= at <= tail.at]
    if len(bounds) * DENSE > (bounds[-1] - bounds[0]) // QUARTER_MS:
        selected = await _dense(rows, series, bounds)
    else:
        selected = await _sparse(rows, series, inside, tolerance_ms)
    selected |= {row.at: row for row in (first, tail)}
    for at in await rows.resets(series, bounds[0], bounds[-1] + QUARTER_MS):
        if at not in selected:
            selected |= {row.at: row for row in await rows.at(series, [at])}
        selected |= {row.at: row for row in await _before(rows, series, at - 1)}
    ordered = quarter.live([selected[at] for at in sorted(selected)])
    if series.table is Table.MBUS:
        return mbus_marks(ordered)
    return quarter_marks(ordered, tail_at=tail.at, tolerance_ms=tolerance_ms)


async def _ends(rows: Rows, series: Series) -> tuple[Row, Row] | None:
    first = quarter.live(await rows.between(series, LONG_AGO, FAR_AHEAD, limit=TOMBSTONES_IN_A_ROW))
    tail = quarter.live(await rows.between(series, LONG_AGO, FAR_AHEAD, limit=1, newest=True))
    return (first[0], tail[0]) if first and tail else None


async def _dense(rows: Rows, series: Series, bounds: Sequence[int]) -> dict[int, Row]:
    found = await _before(rows, series, bounds[0])
    found += await rows.between(series, bounds[0], bounds[-1])
    found += await _after(rows, series, bounds[-1])
    return {row.at: row for row in found}


async def _sparse(rows: Rows, series: Series, bounds: Sequence[int], tolerance_ms: int) -> dict[int, Row]:
    selected = {row.at: row for row in await rows.at(series, bounds)}
    known_until = LONG_AGO
    for at in bounds:
        row = selected.get(at)
        if row is not None and (series.table is Table.MBUS or reaches_boundary(row, tolerance_ms)):
            continue
        if at < known_until:
            continue
        following = await _after(rows, series, at)
        for neighbour in (*await _before(rows, series, at), *following):
            selected[neighbour.at] = neighbour
        known_until = following[0].at if following else FAR_AHEAD
    return selected


async def _before(rows: Rows, series: Series, at: int) -> list[Row]:
    found = await rows.between(series, LONG_AGO, at, limit=TOMBSTONES_IN_A_ROW, newest=True)
    return quarter.live(found)[-ROWS_TO_KNOW_AN_INTERVAL:]


async def _after(rows: Rows, series: Series, at: int) -> list[Row]:
    return quarter.live(await rows.between(series, at, FAR_AHEAD, limit=TOMBSTONES_IN_A_ROW))[:1]
