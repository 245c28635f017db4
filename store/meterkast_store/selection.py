"""Which rows must be read to know the registers at given boundaries: few, however long the time between them."""

import asyncio
from collections.abc import Sequence

from meterkast_store import quarter
from meterkast_store.instants import QUARTER_MS
from meterkast_store.marks import reaches_boundary
from meterkast_store.recorder import FAR_AHEAD, LONG_AGO, TOMBSTONES_IN_A_ROW
from meterkast_store.rows import Columns, Row, Rows, Series, Table
from meterkast_store.trace import Selection

ROWS_TO_KNOW_AN_INTERVAL = 3
DENSE = 2


async def selected(rows: Rows, series: Series, bounds: Sequence[int], *, tolerance_ms: int) -> Selection | None:
    """Return the rows of a series that tell usage between the bounds, None where there are none."""
    ends = await _ends(rows, series)
    if ends is None or not bounds:
        return None
    first, tail = ends
    others = {row.at: row for row in (first, tail)}
    if len(bounds) * DENSE > (bounds[-1] - bounds[0]) // QUARTER_MS:
        columns = await rows.registers(series, bounds, every=True)
        around = [*await _before(rows, series, bounds[0]), *await _after(rows, series, bounds[-1])]
    else:
        inside = [at for at in bounds if first.at <= at <= tail.at]
        columns = await rows.registers(series, inside)
        unknown = await asyncio.to_thread(_unknown, columns, inside, tolerance_ms)
        around = await _around(rows, series, unknown)
    for at in await rows.resets(series, bounds[0], bounds[-1] + QUARTER_MS):
        around += [*quarter.live(await rows.at(series, [at])), *await _before(rows, series, at - 1)]
    others |= {row.at: row for row in around}
    return Selection(columns, others, tail_at=tail.at, tolerance_ms=tolerance_ms)


async def live_rows(
    rows: Rows, series: Series, after: int, until: int, *, count: int = 1, newest: bool = False
) -> list[Row]:
    """Return the oldest (or newest) rows of a stretch that stand for samples, at most so many."""
    found: list[Row] = []
    for limit in (count, count + TOMBSTONES_IN_A_ROW):
        stored = await rows.between(series, after, until, limit=limit, newest=newest)
        found = quarter.live(stored)
        if len(found) >= count or len(stored) < limit:
            break
    return found[-count:] if newest else found[:count]


async def _ends(rows: Rows, series: Series) -> tuple[Row, Row] | None:
    first = await live_rows(rows, series, LONG_AGO, FAR_AHEAD)
    tail = await live_rows(rows, series, LONG_AGO, FAR_AHEAD, newest=True)
    return (first[0], tail[0]) if first and tail else None


def _unknown(columns: Columns, bounds: Sequence[int], tolerance_ms: int) -> list[int]:
    """Return the bounds that have no row which tells how the registers stood there."""
    known = set(columns.times)
    if columns.series.table is not Table.MBUS:
        lags = zip(columns.times, columns.column("lag"), strict=True)
        far = [place for place, (at, lag) in enumerate(lags) if at % QUARTER_MS or lag > tolerance_ms]
        known -= {columns.times[place] for place in far if not reaches_boundary(columns.row(place), tolerance_ms)}
    return [at for at in bounds if at not in known]


async def _around(rows: Rows, series: Series, times: Sequence[int]) -> list[Row]:
    found: list[Row] = []
    known_until = LONG_AGO
    for at in times:
        if at < known_until:
            continue
        following = await _after(rows, series, at)
        found += [*await _before(rows, series, at), *following]
        known_until = following[0].at if following else FAR_AHEAD
    return found


async def _before(rows: Rows, series: Series, at: int) -> list[Row]:
    return await live_rows(rows, series, LONG_AGO, at, count=ROWS_TO_KNOW_AN_INTERVAL, newest=True)


async def _after(rows: Rows, series: Series, at: int) -> list[Row]:
    return await live_rows(rows, series, at, FAR_AHEAD)
