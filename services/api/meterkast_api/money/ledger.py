"""What usage rows cost: goes down to days where a contract changes, and to hours where the price does."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Self
from zoneinfo import ZoneInfo

from meterkast_store.history import ELECTRICITY, MeterInfo, Period, Usage, UsageRow
from meterkast_store.instants import QUARTER_MS, from_ms, to_ms

from meterkast_api.history import UsageReader
from meterkast_api.kept import Kept
from meterkast_api.money.charge import Charge
from meterkast_api.money.contracts import Contracts
from meterkast_api.money.cost import Bill, Missing, bill_of, bills_of, together
from meterkast_api.money.market import Market
from meterkast_api.money.memory import DAY_KEPT_S, KEPT_S, Memory
from meterkast_api.money.prices import SETTLED, Prices
from meterkast_api.money.timeline import Segment, Timeline

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(hours=25)
_FINER = {
    Period.YEAR: Period.MONTH,
    Period.MONTH: Period.DAY,
    Period.WEEK: Period.DAY,
    Period.DAY: Period.HOUR,
    Period.HOUR: Period.QUARTER,
}
_AT_ONCE = {
    Period.MONTH: timedelta(days=4000),
    Period.DAY: timedelta(days=400),
    Period.HOUR: timedelta(days=32),
    Period.QUARTER: timedelta(days=32),
}
"""The longest time for which history is asked at once, by what it is asked per."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a usage table costs, row by row and hole by hole."""

    currency: str
    rows: Sequence[Charge]
    holes: Sequence[Charge]
    total: Charge
    missing: Sequence[Missing]


@dataclass(frozen=True, slots=True)
class Known:
    """From when to when history reaches, in whole quarters."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, meters: Sequence[MeterInfo]) -> Self | None:
        """That of the electricity meters, else of all there are; None where there is none."""
        main = [meter for meter in meters if meter.kind == ELECTRICITY] or meters
        if not main:
            return None
        first, last = to_ms(min(meter.first for meter in main)), to_ms(max(meter.last for meter in main))
        return cls(from_ms(first // QUARTER_MS * QUARTER_MS), from_ms(-(-last // QUARTER_MS) * QUARTER_MS))


@dataclass(frozen=True, slots=True)
class _Question:
    """What stays the same while one table is priced."""

    gateway: str
    zone: ZoneInfo
    timeline: Timeline
    revision: tuple[str, int]


class Ledger:
    """Prices usage by the contract that holds at each time.

    What rows of an hourly price cost is remembered where they are older than two days: ten minutes, a day's row six
    hours, and never longer than its usage stays the same. So an import of old history shows within ten minutes (at once
    after `forget`), but for what it tells of a hole within one day; other contracts or prices show at once.
    """

    def __init__(
        self,
        store: UsageReader,
        contracts: Kept[Contracts],
        prices: Prices,
        memory: Memory,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._contracts = contracts
        self._prices = prices
        self._memory = memory
        self._now = now

    async def account(self, usage: Usage, known: Known | None) -> Account:
        """What a table costs; fixed costs run as long as history is known."""
        contracts, zone = self._contracts.value, ZoneInfo(usage.timezone)
        timeline = Timeline(contracts, zone)
        question = _Question(usage.gateway, zone, timeline, (self._contracts.tag, self._prices.revision))
        bills = await self._bills(question, usage.rows, usage.per)
        holes = [await self._hole(question, hole.start, hole.end, hole.values) for hole in usage.holes]
        fixed = await asyncio.to_thread(_fixed, timeline, usage.rows, known)
        total = together((*bills, *holes))
        some = [amount for amount in fixed if amount is not None]
        return Account(
            contracts.currency,
            list(map(Charge, bills, fixed)),
            list(map(Charge, holes)),
            Charge(total, sum(some, Fraction(0)) if some else None),
            total.missing,
        )

    async def rate(self, values: Mapping[str, int], at: datetime, zone: ZoneInfo) -> Bill | None:
        """What usage costs at the prices of a moment; None where no contract holds."""
        segment = Timeline(self._contracts.value, zone).at(at)
        if segment.contract is None:
            return None
        now = Segment(at, at + SECOND, segment.contract)
        return bill_of(values, now, await self._prices.market(now.start, now.end) if now.hourly else Market())

    def forget(self) -> None:
        """Work everything out anew, since history has changed where nobody expects it."""
        self._memory.forget()

    async def _bills(self, question: _Question, rows: Sequence[UsageRow], per: Period) -> list[Bill]:
        bills: dict[int, Bill] = {}
        direct, deeper = [], []
        market = await self._market(question, rows)
        for index, row in enumerate(rows):
            segments = question.timeline.between(row.start, row.end)
            if not _needs_detail(per, segments, market):
                direct.append((index, segments[0], row.values))
            elif (bill := self._memory.get(_key(question, row), row.values)) is not None:
                bills[index] = bill
            else:
                deeper.append(index)
        priced = await asyncio.to_thread(bills_of, [(segment, values) for _, segment, values in direct], market)
        bills.update(zip((index for index, _, _ in direct), priced, strict=True))
        for run in _runs(rows, deeper, _AT_ONCE[_FINER[per]]) if deeper else ():
            bills.update(zip(run, await self._detailed(question, [rows[i] for i in run], _FINER[per]), strict=True))
        return [bills[index] for index in range(len(rows))]

    async def _detailed(self, question: _Question, rows: Sequence[UsageRow], per: Period) -> list[Bill]:
        """The bills of neighbouring rows, each the sum of finer rows and of the holes between those."""
        usage = await self._store.usage(question.gateway, rows[0].start, rows[-1].end, per, question.zone)
        parts: list[list[Bill]] = [[] for _ in rows]
        at = 0
        for fine, bill in zip(usage.rows, await self._bills(question, usage.rows, per), strict=True):
            while rows[at].end <= fine.start:
                at += 1
            parts[at].append(bill)
        for hole in usage.holes:
            for row, found in zip(rows, parts, strict=True):
                if row.start <= hole.start and hole.end <= row.end:
                    found.append(await self._hole(question, hole.start, hole.end, hole.values))
        bills = [together(found) for found in parts]
        for row, bill in zip(rows, bills, strict=True):
            if row.end <= self._now() - SETTLED:
                kept_s = DAY_KEPT_S if row.end - row.start <= DAY else KEPT_S
                self._memory.put(_key(question, row), row.values, bill, kept_s=kept_s)
        return bills

    async def _hole(self, question: _Question, start: datetime, end: datetime, values: Mapping[str, int]) -> Bill:
        """The bill of a hole: by the contract that held when it began, at the mean market price of its time."""
        segment = Segment(start, end, question.timeline.at(start).contract)
        return bill_of(values, segment, await self._prices.market(start, end) if segment.hourly else Market())

    async def _market(self, question: _Question, rows: Sequence[UsageRow]) -> Market:
        """The market prices that rows of an hour or less may need."""
        if not rows or rows[0].end - rows[0].start > HOUR:
            return Market()
        hourly = [one for one in question.timeline.between(rows[0].start, rows[-1].end) if one.hourly]
        return await self._prices.market(hourly[0].start, hourly[-1].end) if hourly else Market()


def _needs_detail(per: Period, segments: Sequence[Segment], market: Market) -> bool:
    hourly = any(segment.hourly for segment in segments)
    if per is Period.QUARTER:
        return False
    if per is Period.HOUR:
        return hourly and market.quarterly(segments[0].start, segments[-1].end)
    return hourly or len(segments) > 1


def _runs(rows: Sequence[UsageRow], indexes: Sequence[int], longest: timedelta) -> Iterator[list[int]]:
    """Neighbouring rows, so many together as a time holds."""
    run: list[int] = []
    for index in indexes:
        if run and (index != run[-1] + 1 or rows[index].end - rows[run[0]].start > longest):
            yield run
            run = []
        run.append(index)
    if run:
        yield run


def _key(question: _Question, row: UsageRow) -> tuple[object, ...]:
    return (question.revision, question.gateway, question.zone.key, row.start, row.end)


def _fixed(timeline: Timeline, rows: Sequence[UsageRow], known: Known | None) -> list[Fraction | None]:
    if known is None:
        return [None] * len(rows)
    spans = [(max(row.start, known.start), min(row.end, known.end)) for row in rows]
    return [timeline.fixed(start, end) if start < end else None for start, end in spans]
