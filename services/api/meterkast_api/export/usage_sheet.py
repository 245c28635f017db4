"""Usage of any span as a sheet, asked of the store month by month."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from meterkast_store.history import Hole, Period, Usage
from meterkast_store.instants import from_ms, to_ms
from meterkast_store.period import boundaries

from meterkast_api.export.registers import KEPT, register_columns
from meterkast_api.export.sheet import Cell, Column, Form, Pages, Record, Sheet
from meterkast_api.history import HistoryReader
from meterkast_api.spans import Span

PAGED = (Period.QUARTER, Period.HOUR)
_FIXED = (
    Column("from", Form.TIME),
    Column("to", Form.TIME),
    Column("hole", Form.TEXT),
    Column("complete", Form.FLAG),
)


class UsageSheet:
    """The rows of a usage table and its holes, in the order of time.

    A hole has a row of its own (`hole` is `hole`), beneath the row in which it begins; in rows of which a part lies in
    a hole `hole` is `part`, in others `no`. So the sum of a column is exactly what the dial moved. The columns are all
    that history can keep, whether or not this meter has them: sheets of different months and meters fit together.
    """

    def __init__(self, store: HistoryReader, gateway: str, per: Period, zone: ZoneInfo) -> None:
        self._store = store
        self._gateway = gateway
        self._per = per
        self._zone = zone

    async def of(self, span: Span) -> Sheet:
        """Return the sheet of a span."""
        known = await self._known()
        if known is None or (start := max(span[0], known[0])) >= (end := min(span[1], known[1])):
            return Sheet(_FIXED + register_columns(KEPT), _nothing())
        yearly = await self._usage((known[0], known[1]), Period.YEAR)
        fields = tuple(dict.fromkeys((*KEPT, *yearly.total())))
        return Sheet(_FIXED + register_columns(fields), self._pages((start, end), fields))

    async def _known(self) -> Span | None:
        """From when to when there are readings of any meter."""
        meters = await self._store.meters(self._gateway)
        if not meters:
            return None
        last = max(meter.last for meter in meters)
        return min(meter.first for meter in meters), last + timedelta(milliseconds=1)

    async def _pages(self, span: Span, fields: tuple[str, ...]) -> Pages:
        whole = self._bounds(span)
        for page in self._months(span) if self._per in PAGED else [span]:
            usage = await self._usage(page, self._per)
            begin, end = self._bounds(page)
            new = [hole for hole in usage.holes if hole.start >= begin or begin == whole[0]]
            holes = [
                await self._whole(hole) if end < hole.end <= whole[1] and hole.start >= whole[0] else hole
                for hole in new
            ]
            yield await asyncio.to_thread(_records, replace(usage, holes=tuple(holes)), fields)

    async def _whole(self, hole: Hole) -> Hole:
        """The hole with what was used across it, which a page that it reaches over cannot tell."""
        for per in (Period.MONTH, self._per):
            for found in (await self._usage((hole.start, hole.end), per)).holes:
                if (found.start, found.end) == (hole.start, hole.end):
                    return found
        return hole

    async def _usage(self, span: Span, per: Period) -> Usage:
        return await self._store.usage(self._gateway, span[0], span[1], per, self._zone)

    def _bounds(self, span: Span) -> Span:
        """From when to when the rows of a span reach."""
        first = boundaries(to_ms(span[0]), to_ms(span[0]) + 1, self._per, self._zone)
        last = boundaries(to_ms(span[1]) - 1, to_ms(span[1]), self._per, self._zone)
        return from_ms(first[0]), from_ms(last[-1])

    def _months(self, span: Span) -> list[Span]:
        months = [from_ms(at) for at in boundaries(to_ms(span[0]), to_ms(span[1]), Period.MONTH, self._zone)]
        return [(max(start, span[0]), min(end, span[1])) for start, end in pairwise(months)]


def _records(usage: Usage, fields: tuple[str, ...]) -> list[Record]:
    records = [
        _record(row.start, row.end, "part" if row.hole else "no", row.values, fields, complete=row.complete)
        for row in usage.rows
    ]
    records += [_record(hole.start, hole.end, "hole", hole.values, fields) for hole in usage.holes]
    return sorted(records, key=_in_time)


def _in_time(record: Record) -> tuple[Any, bool]:
    return record[0], record[2] == "hole"


def _record(
    start: datetime,
    end: datetime,
    hole: str,
    values: Mapping[str, int],
    fields: tuple[str, ...],
    *,
    complete: bool = True,
) -> tuple[Cell, ...]:
    return (start, end, hole, complete, *(values.get(field) for field in fields))


async def _nothing() -> Pages:
    return
    yield []
