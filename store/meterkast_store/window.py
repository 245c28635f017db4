"""A stretch of some series in memory: what is inserted into old history is worked out without asking row by row."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Self

from meterkast_store.history import Batch
from meterkast_store.instants import QUARTER_MS, quarter_of
from meterkast_store.recorder import FAR_AHEAD, LONG_AGO, TOMBSTONES_IN_A_ROW
from meterkast_store.rows import Row, Series, Shelf, Table
from meterkast_store.sampling import mbus_row, sample_row

MOST = 20_000


class Window:
    """The rows of a batch's series around its times, with those before and after them (see Shelf).

    A series with very many rows there is asked each time.
    """

    def __init__(self, rows: Shelf, held: Mapping[Series, Sequence[Row]]) -> None:
        self._rows = rows
        self._held = held
        self._times = {series: [row.at for row in found] for series, found in held.items()}

    @classmethod
    async def around(cls, rows: Shelf, batch: Batch) -> Self:
        """Read what a batch touches."""
        times = _times(batch)
        held = {series: await _read(rows, series, min(found), max(found)) for series, found in times.items()}
        return cls(rows, {series: found for series, found in held.items() if len(found) <= MOST})

    async def put(self, rows: Sequence[Row]) -> None:
        """Write rows durably."""
        await self._rows.put(rows)

    async def between(
        self, series: Series, after: int, until: int, *, limit: int | None = None, newest: bool = False
    ) -> list[Row]:
        """Rows with `after` < at ≤ `until` by time, the oldest (or newest) `limit` of them."""
        times = self._times.get(series)
        if times is None:
            return await self._rows.between(series, after, until, limit=limit, newest=newest)
        found = list(self._held[series][bisect_right(times, after) : bisect_right(times, until)])
        if limit is None:
            return found
        return found[-limit:] if newest else found[:limit]

    async def newest(self, series: Sequence[Series]) -> list[Row | None]:
        """The newest row of each of these series."""
        return await self._rows.newest(series)

    async def at(self, series: Series, times: Sequence[int]) -> list[Row]:
        """Rows at exactly these times."""
        if series not in self._times:
            return await self._rows.at(series, times)
        return [row for at in times for row in await self.between(series, at - 1, at)]


def _times(batch: Batch) -> Mapping[Series, list[int]]:
    times: dict[Series, list[int]] = defaultdict(list)
    for row in map(sample_row, batch.samples):
        times[row.series].append(row.at)
        times[Series(Table.QUARTER, row.series.gateway, row.series.name)].append(row.at)
    for row in map(mbus_row, batch.mbus):
        times[row.series].append(row.at)
    return times


async def _read(rows: Shelf, series: Series, first: int, last: int) -> list[Row]:
    begin, end = quarter_of(first) - QUARTER_MS, quarter_of(last)
    before = await rows.between(series, LONG_AGO, begin, limit=TOMBSTONES_IN_A_ROW, newest=True)
    inside = await rows.between(series, begin, end, limit=MOST + 1)
    after = await rows.between(series, end, FAR_AHEAD, limit=TOMBSTONES_IN_A_ROW)
    return [*before, *inside, *after]
