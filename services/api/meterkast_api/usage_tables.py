"""A usage table with all that was asked beside it: costs, a span to compare with, and changes of meters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from meterkast_store.history import MeterInfo, Period, Usage, UsageRow
from meterkast_store.instants import from_ms, to_ms
from meterkast_store.period import boundaries

from meterkast_api.comparison import Compare, compared_span
from meterkast_api.history import HistoryReader
from meterkast_api.money.ledger import Account, Known, Ledger


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose usage, of when, and per what."""

    gateway: str
    start: datetime
    end: datetime
    per: Period
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Change:
    """Where a meter's registers begin, others before them."""

    at: datetime
    kind: str
    meter: str


@dataclass(frozen=True, slots=True)
class UsageTable:
    """Usage of a span, what it cost where that was asked, and what it is compared with."""

    asked: Asked
    usage: Usage
    account: Account | None
    changes: Sequence[Change]
    compared: "UsageTable | None" = None


class UsageTables:
    """Makes usage tables."""

    def __init__(self, store: HistoryReader, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger

    async def table(self, asked: Asked, *, cost: bool = False, compare: Compare | None = None) -> UsageTable:
        """Return the table of a span."""
        meters = await self._store.meters(asked.gateway)
        usage = await self._usage(asked)
        account = await self._ledger.account(usage, Known.of(meters)) if cost else None
        compared = None
        if compare is not None:
            start, end = compared_span(asked.start, asked.end, compare, asked.zone)
            earlier = Asked(asked.gateway, start, end, asked.per, asked.zone)
            before = _padded(await self._usage(earlier), earlier)
            their_account = await self._ledger.account(before, Known.of(meters)) if cost else None
            compared = UsageTable(earlier, before, their_account, _changes(meters, earlier))
        return UsageTable(asked, usage, account, _changes(meters, asked), compared)

    async def _usage(self, asked: Asked) -> Usage:
        return await self._store.usage(asked.gateway, asked.start, asked.end, asked.per, asked.zone)


def _changes(meters: Sequence[MeterInfo], asked: Asked) -> list[Change]:
    """Where registers begin inside the span, other than the first of their kind."""
    found = []
    for kind in dict.fromkeys(meter.kind for meter in meters):
        starts = sorted((epoch.start, meter.meter) for meter in meters if meter.kind == kind for epoch in meter.epochs)
        found += [Change(at, kind, meter) for at, meter in starts[1:] if asked.start <= at < asked.end]
    return sorted(found, key=lambda change: change.at)


def _padded(usage: Usage, asked: Asked) -> Usage:
    """The table with empty rows for the time before history begins, so that rows pair by their number."""
    if not usage.rows:
        return usage
    bounds = boundaries(to_ms(asked.start), to_ms(asked.end), asked.per, asked.zone)
    first = to_ms(usage.rows[0].start)
    empty = [UsageRow(from_ms(start), from_ms(end), {}, hole=True) for start, end in pairwise(bounds) if end <= first]
    return Usage(usage.gateway, usage.per, usage.timezone, (*empty, *usage.rows), usage.holes)
