"""A history in InfluxDB as a whole."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from meterkast_store.archive import FOR_A_TIME, Page, Put, RowsArchive
from meterkast_store.errors import StoreUnavailableError
from meterkast_store.influx import InfluxRows


class InfluxArchive(RowsArchive):
    """The history in an InfluxDB (see Archive); what is kept for a time only is left out where it is before `since`."""

    def __init__(self, rows: InfluxRows, *, since: int) -> None:
        super().__init__(rows)
        self._clear = rows.clear
        self._since = since

    @asynccontextmanager
    async def refill(self) -> AsyncIterator[Put]:
        """What was there goes; what is put in the block is there as soon as it is put."""
        await self._clear()
        if not await self.empty():
            raise StoreUnavailableError(
                "empty", "the history", "the database has kept its rows",
                hint="remove its databases (buckets), make them anew, then restore",
            )  # fmt: skip
        yield self._put

    async def add(self, page: Page) -> int:
        """Write the rows whose time is not known yet."""
        return await super().add(self._fresh(page))

    async def _put(self, page: Page) -> int:
        rows = self._fresh(page).apart()
        await self._rows.put(rows)
        return len(rows)

    def _fresh(self, page: Page) -> Page:
        """Leave out what the server would refuse as older than it keeps."""
        if page.series.table not in FOR_A_TIME:
            return page
        return replace(page, rows=[row for row in page.rows if int(row[0] or 0) >= self._since])
