"""Usage of any span as a sheet, and what it cost, asked of the store month by month."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from meterkast_store.history import Hole, MeterInfo, Period, Usage
from meterkast_store.instants import from_ms, to_ms
from meterkast_store.period import boundaries

from meterkast_api.export.registers import KEPT, register_columns
from meterkast_api.export.sheet import Cell, Column, Form, Pages, Record, Sheet
from meterkast_api.history import HistoryReader
from meterkast_api.money.charge import DECIMALS, TOLD, Charge
from meterkast_api.money.ledger import Account, Known, Ledger
from meterkast_api.spans import Span

PAGED = (Period.QUARTER, Period.HOUR)
_FIXED = (
    Column("from", Form.TIME),
    Column("to", Form.TIME),
    Column("hole", Form.TEXT),
    Column("complete", Form.FLAG),
)
_COSTS = (
    *(Column(f"cost_{kind}", Form.EXACT, DECIMALS) for kind in TOLD),
    Column("cost_missing", Form.TEXT),
    Column("currency", Form.TEXT),
)


class UsageSheet:
    """The rows of a usage table and its holes, in the order of time.

    A hole has a row of its own (`hole` is `hole`), beneath the row in which it begins; in rows of which a part lies in
    a hole `hole` is `part`, in others `no`. So the sum of a column is exactly what the dial moved. The columns are all
    that history can keep, whether or not this meter has them: sheets of different months and meters fit together.

    With a ledger, each row and hole tells what it cost, and of which registers no price is known. Amounts are rounded
    to four decimals one by one, so their sum may differ from the cost of the whole by half a ten-thousandth for each.
    """

    def __init__(
        self, store: HistoryReader, gateway: str, per: Period, zone: ZoneInfo, *, ledger: Ledger | None = None
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._per = per
        self._zone = zone
        self._ledger = ledger

    async def of(self, span: Span) -> Sheet:
        """Return the sheet of a span."""
        meters = await self._store.meters(self._gateway)
        reach = _reach(meters)
        costs = () if self._ledger is None else _COSTS
        if reach is None or (start := max(span[0], reach[0])) >= (end := min(span[1], reach[1])):
            return Sheet(_FIXED + register_columns(KEPT) + costs, _nothing())
        yearly = await self._usage(reach, Period.YEAR)
        fields = tuple(dict.fromkeys((*KEPT, *yearly.total())))
        pages = self._pages((start, end), fields, Known.of(meters))
        return Sheet(_FIXED + register_columns(fields) + costs, pages)

    async def _pages(self, span: Span, fields: tuple[str, ...], known: Known | None) -> Pages:
        whole = self._bounds(span)
        for page in self._months(span) if self._per in PAGED else [span]:
            usage = await self._page(page, whole)
            account = None if self._ledger is None else await self._ledger.account(usage, known)
            yield await asyncio.to_thread(_records, usage, fields, account)

    async def _page(self, page: Span, whole: Span) -> Usage:
        """Usage of a page, with the holes that begin in it."""
        usage = await self._usage(page, self._per)
        begin, end = self._bounds(page)
        new = [hole for hole in usage.holes if hole.start >= begin or begin == whole[0]]
        holes = [
            await self._whole(hole) if end < hole.end <= whole[1] and hole.start >= whole[0] else hole for hole in new
        ]
        return replace(usage, holes=tuple(holes))

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


def _reach(meters: Sequence[MeterInfo]) -> Span | None:
    """From when to when there are readings of any meter."""
    if not meters:
        return None
    return min(meter.first for meter in meters), max(meter.last for meter in meters) + timedelta(milliseconds=1)


def _records(usage: Usage, fields: tuple[str, ...], account: Account | None) -> list[Record]:
    records: list[Record] = [
        _record(row.start, row.end, "part" if row.hole else "no", row.values, fields, complete=row.complete)
        for row in usage.rows
    ]
    records += [_record(hole.start, hole.end, "hole", hole.values, fields) for hole in usage.holes]
    if account is not None:
        charges = (*account.rows, *account.holes)
        costs = [_costs(charge, account.currency) for charge in charges]
        records = [(*record, *cost) for record, cost in zip(records, costs, strict=True)]
    return sorted(records, key=_in_time)


def _costs(charge: Charge, currency: str) -> tuple[Cell, ...]:
    told = charge.told()
    missing = " ".join(dict.fromkeys(one.what for one in charge.bill.missing))
    return (*(told.get(kind) for kind in TOLD), missing or None, currency if told else None)


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
