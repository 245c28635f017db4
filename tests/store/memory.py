"""Rows in a dictionary: the double that the logic of history is tested over."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from meterkast_store.history import Vital
from meterkast_store.rows import Bin, Columns, Row, Series, Table, columns_of


class MemoryRows:
    """A backend that forgets (see Rows)."""

    def __init__(self) -> None:
        self.tables: dict[Series, dict[int, Row]] = defaultdict(dict)

    async def open(self) -> None:
        return

    async def close(self) -> None:
        return

    async def put(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self.tables[row.series][row.at] = row.lean()

    async def put_vitals(self, devices: Sequence[Vital], services: Sequence[Vital]) -> None:
        del devices, services

    async def series(self, table: Table, gateway: str | None = None) -> list[Series]:
        return [s for s in self.tables if s.table is table and gateway in (None, s.gateway)]

    async def between(
        self, series: Series, after: int, until: int, *, limit: int | None = None, newest: bool = False
    ) -> list[Row]:
        rows = self.tables.get(series, {})
        times = sorted(rows)
        found = [rows[at] for at in times[bisect_right(times, after) : bisect_right(times, until)]]
        if limit is None:
            return found
        return found[-limit:] if newest else found[:limit]

    async def at(self, series: Series, times: Sequence[int]) -> list[Row]:
        rows = self.tables.get(series, {})
        return [rows[at] for at in sorted(times) if at in rows]

    async def registers(self, series: Series, times: Sequence[int], *, every: bool = False) -> Columns:
        if every and times:
            return columns_of(series, await self.between(series, times[0] - 1, times[-1]))
        return columns_of(series, await self.at(series, times))

    async def resets(self, series: Series, after: int, until: int) -> list[int]:
        return [row.at for row in await self.between(series, after, until) if row.number("reset")]

    async def bins(self, series: Series, after: int, until: int, *, width: int, fields: Sequence[str]) -> list[Bin]:
        raise NotImplementedError("curves are tested over real databases")

    async def prune(self, table: Table, before: int) -> int:
        gone = 0
        for series in await self.series(table):
            old = [at for at in self.tables[series] if at < before]
            for at in old:
                del self.tables[series][at]
            gone += len(old)
        return gone
