"""The history store: the logic of history over any backend."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from heapq import merge
from typing import Self
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import Event

from meterkast_store import quarter
from meterkast_store.columns import GAUGES
from meterkast_store.curve import merged, plans
from meterkast_store.history import (
    ELECTRICITY,
    POWER_FIELDS,
    Batch,
    Epoch,
    Hole,
    MeterInfo,
    Period,
    PowerCurve,
    Sample,
    Standing,
    Usage,
    UsageRow,
)
from meterkast_store.instants import QUARTER_MS, from_ms, quarter_of, to_ms
from meterkast_store.period import boundaries
from meterkast_store.recorder import FAR_AHEAD, LONG_AGO, Recorder
from meterkast_store.rows import Bin, Row, Rows, Series, Table
from meterkast_store.sampling import row_event, row_sample
from meterkast_store.selection import live_rows, selected
from meterkast_store.trace import Selection
from meterkast_store.usage import tabulate
from meterkast_store.window import Window

AT_ONCE = 20


class Book:
    """History in one backend (see HistoryStore)."""

    def __init__(self, rows: Rows, *, retention: timedelta, tolerance: timedelta) -> None:
        self._rows = rows
        self._retention = retention
        self._tolerance_ms = tolerance // timedelta(milliseconds=1)
        self._recorder = Recorder(rows)
        self._writing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Open the database."""
        await self._rows.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close the database."""
        await self._rows.close()

    async def write(self, batch: Batch) -> None:
        """Write a batch durably before returning."""
        async with self._writing:
            await self._recorder.record(batch)
            if batch.devices or batch.services:
                await self._rows.put_vitals(batch.devices, batch.services)

    async def insert(self, batch: Batch) -> None:
        """Write beside another writer: what this one remembers of the newest rows may be out of date."""
        async with self._writing:
            self._recorder = Recorder(self._rows)
            await Recorder(await Window.around(self._rows, batch)).record(batch)

    async def standings(self, gateway: str, kind: str, meter: str, start: datetime, end: datetime) -> list[Standing]:
        """Where a meter's registers stood, with the neighbour on either side."""
        series = (
            Series(Table.QUARTER, gateway, meter) if kind == ELECTRICITY else Series(Table.MBUS, gateway, meter, kind)
        )
        begin, until = to_ms(start) - 1, quarter_of(to_ms(end))
        before = await live_rows(self._rows, series, LONG_AGO, begin, newest=True)
        inside = quarter.live(await self._rows.between(series, begin, until))
        after = await live_rows(self._rows, series, until, FAR_AHEAD)
        return [quarter.standing(row) for row in (*before, *inside, *after)]

    async def meters(self, gateway: str | None = None) -> list[MeterInfo]:
        """Every meter of a gateway, or of all."""
        known = [*await self._rows.series(Table.QUARTER, gateway), *await self._rows.series(Table.MBUS, gateway)]
        infos: list[MeterInfo | None] = []
        for index in range(0, len(known), AT_ONCE):
            infos += await asyncio.gather(*map(self._meter, known[index : index + AT_ONCE]))
        found = [info for info in infos if info is not None]
        return sorted(found, key=lambda info: (info.gateway, info.first))

    async def power(
        self, gateway: str, start: datetime, end: datetime, points: int, fields: Sequence[str] = POWER_FIELDS
    ) -> PowerCurve:
        """Lowest, mean and highest of each field per bin."""
        fields = [name for name in fields if name in GAUGES]
        curve = PowerCurve(gateway, start, end, (end - start).total_seconds(), ())
        for plan in plans(to_ms(start), to_ms(end), points, fields):
            late = QUARTER_MS if plan.table is Table.QUARTER else 0
            bins = [
                Bin(found.at - late, found.count, found.values)
                for series in await self._rows.series(plan.table, gateway)
                for found in await self._rows.bins(
                    series, plan.start + late, plan.end + late, width=plan.width, fields=fields
                )
            ]
            drawn = await asyncio.to_thread(merged, bins)
            curve = PowerCurve(gateway, from_ms(plan.start), from_ms(plan.end), plan.width / 1000, drawn)
            if bins:
                break
        return curve

    async def usage(self, gateway: str, start: datetime, end: datetime, per: Period, timezone: ZoneInfo) -> Usage:
        """Usage of every period that has a part in `start`..`end`."""
        bounds = boundaries(to_ms(start), to_ms(end), per, timezone)
        meters = await self._selected(Table.QUARTER, gateway, bounds)
        mbus = await self._selected(Table.MBUS, gateway, bounds)
        rows, holes = await asyncio.to_thread(self._tabulate, bounds, meters, mbus)
        return Usage(gateway, per, timezone.key, rows, holes)

    async def events(self, gateway: str, start: datetime, end: datetime, limit: int = 1000) -> list[Event]:
        """Events, newest first."""
        kinds = await self._rows.series(Table.EVENT, gateway)
        found = [
            await self._rows.between(series, to_ms(start) - 1, to_ms(end), limit=limit, newest=True) for series in kinds
        ]
        newest = sorted((row for rows in found for row in rows), key=lambda row: row.at, reverse=True)
        return [row_event(row) for row in newest[:limit]]

    async def samples(self, gateway: str, start: datetime, end: datetime, limit: int = 10_000) -> list[Sample]:
        """Samples, oldest first."""
        meters = await self._rows.series(Table.SAMPLE, gateway)
        found = [await self._rows.between(series, to_ms(start) - 1, to_ms(end), limit=limit) for series in meters]
        return [row_sample(row) for row in list(merge(*found, key=lambda row: row.at))[:limit]]

    async def latest(self, gateway: str) -> Sample | None:
        """The newest sample."""
        newest: Row | None = None
        for series in await self._rows.series(Table.SAMPLE, gateway):
            for row in await self._rows.between(series, LONG_AGO, FAR_AHEAD, limit=1, newest=True):
                newest = row if newest is None or row.at > newest.at else newest
        return None if newest is None else row_sample(newest)

    async def prune(self, now: datetime) -> int:
        """Delete samples older than the retention."""
        return await self._rows.prune(Table.SAMPLE, to_ms(now - self._retention))

    async def _selected(self, table: Table, gateway: str, bounds: Sequence[int]) -> list[Selection]:
        series = await self._rows.series(table, gateway)
        found = [await selected(self._rows, one, bounds, tolerance_ms=self._tolerance_ms) for one in series]
        return [one for one in found if one is not None]

    def _tabulate(
        self, bounds: Sequence[int], meters: Iterable[Selection], mbus: Iterable[Selection]
    ) -> tuple[tuple[UsageRow, ...], tuple[Hole, ...]]:
        traces = [[one.trace(bounds) for one in kind] for kind in (meters, mbus)]
        return tabulate(bounds, *traces, tolerance_ms=self._tolerance_ms)

    async def _meter(self, series: Series) -> MeterInfo | None:
        oldest = await live_rows(self._rows, series, LONG_AGO, FAR_AHEAD)
        newest = await live_rows(self._rows, series, LONG_AGO, FAR_AHEAD, newest=True)
        if not oldest or not newest:
            return None
        starts, ends = [quarter.first_measured_at(oldest[0])], []
        for at in await self._rows.resets(series, oldest[0].at, FAR_AHEAD):
            before = await live_rows(self._rows, series, LONG_AGO, at - 1, newest=True)
            ends += [quarter.measured_at(row) for row in before]
            starts += [quarter.first_measured_at(row) for row in await self._rows.at(series, [at])]
        ends.append(quarter.measured_at(newest[0]))
        epochs = tuple(Epoch(from_ms(a), from_ms(b)) for a, b in zip(starts, ends, strict=True))
        kind = series.kind or ELECTRICITY
        return MeterInfo(series.gateway, series.name, kind, epochs[0].start, epochs[-1].end, epochs)
