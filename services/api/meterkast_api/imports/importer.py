"""A file into history: read, placed, compared with what is there, and, unless it is a dry run, written."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from meterkast_store.history import Batch, MeterInfo, Standing
from meterkast_store.instants import from_ms, quarter_of, to_ms

from meterkast_api.imports import chain, placing
from meterkast_api.imports.archive import IMPORTED, Archive, Target
from meterkast_api.imports.formats import LOOK_AT, Format, format_of
from meterkast_api.imports.record import Context, Records, Standings
from meterkast_api.imports.sense import misfit, sifted
from meterkast_api.imports.source import Source
from meterkast_api.imports.staging import Refused, Staging, is_loose

ROWS_AT_ONCE = 5_000
DAYS_AT_ONCE = 60 * 86_400_000
Progress = Callable[[str, int], None]
Registers = Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be imported, and how."""

    file: Path
    gateway: str
    zone: ZoneInfo
    format: str = "auto"
    meter: str | None = None
    dry_run: bool = False


@dataclass(slots=True)
class Report:
    """What an import has added, or in a dry run would add."""

    format: str
    rows: int = 0
    readings: int = 0
    new: int = 0
    known: int = 0
    refused: Refused = field(default_factory=Refused)
    begin: datetime | None = None
    end: datetime | None = None
    meters: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def saw(self, at: int) -> None:
        """Count a reading."""
        time = from_ms(at)
        self.readings += 1
        self.begin = time if self.begin is None else min(self.begin, time)
        self.end = time if self.end is None else max(self.end, time)


class Importer:
    """Imports files one after the other into one history."""

    def __init__(
        self, archive: Archive, *, now: Callable[[], datetime], progress: Progress = lambda _what, _n: None
    ) -> None:
        self._archive = archive
        self._now = now
        self._progress = progress

    async def run(self, order: Order) -> Report:
        """Import a file; raises UnknownFormatError, SourceError or StoreError."""
        source = Source(order.file)
        kind = await asyncio.to_thread(lambda: format_of(order.format, source.first(LOOK_AT)))
        with TemporaryDirectory(prefix="meterkast-import-") as folder, Staging(Path(folder) / "rows") as staging:
            await asyncio.to_thread(self._read, source, kind, order, staging)
            report = Report(kind.name, rows=staging.rows, refused=staging.refused)
            for meter_kind in staging.kinds():
                await self._merge(order, staging, meter_kind, report)
            return report

    def _read(self, source: Source, kind: Format, order: Order, staging: Staging) -> None:
        latest = to_ms(self._now() - placing.MINE)
        staging.fill(self._counted(kind.parse(source.lines(), Context(order.zone))), latest=latest)

    def _counted(self, records: Records) -> Records:
        for record in records:
            self._progress("read", record.line)
            yield record

    async def _merge(self, order: Order, staging: Staging, kind: str, report: Report) -> None:
        meters = [one for one in await self._archive.meters(order.gateway) if one.kind == kind]
        target, archive = await self._target(order, staging, kind, meters, report)
        report.meters[kind] = target.meter
        merge = Merge(archive, target, meters, self._now(), report)
        sane = sifted(staging.standings(kind), report.refused.add)
        for rows in _portions(sane):
            batch = await merge.compare(rows)
            if not order.dry_run and (batch.samples or batch.mbus):
                await self._archive.insert(batch)
            self._progress("compared", report.readings)

    async def _target(
        self, order: Order, staging: Staging, kind: str, meters: Sequence[MeterInfo], report: Report
    ) -> tuple[Target, Archive]:
        """Choose the meter, and turn amounts into its registers; return history as it is to be compared with."""
        asked = None if order.meter is None else Target(order.gateway, kind, order.meter)
        has_registers = staging.neighbours(kind, 0) != (None, None)
        span = staging.span_of_amounts(kind)
        if has_registers or span is None:
            if span is not None:
                staging.add(kind, await asyncio.to_thread(chain.back_from_registers, staging, kind))
                report.notes.append(
                    f"{kind}: days that have only amounts are counted back from the first registers after them"
                )
            placed = asked or await placing.place(self._archive, staging, order.gateway, kind, meters)
            return placed, self._archive
        target = asked or await chain.target_of_amounts(self._archive, span, order.gateway, kind, meters)
        report.notes.append(_how_chained(target))
        return target, await self._chained(order, staging, target)

    async def _chained(self, order: Order, staging: Staging, target: Target) -> Archive:
        """Put the registers of amounts beside the file's; return history with room for them."""
        links = chain.Chain(self._archive, staging, target)
        portion: list[Standings] = []
        async for one in links.standings():
            portion.append(one)
            if len(portion) == ROWS_AT_ONCE:
                staging.add(target.kind, portion)
                portion = []
        staging.add(target.kind, portion)
        if not links.lifts:
            return self._archive
        lifted = chain.Lifted(self._archive, target, links.lifts)
        if order.dry_run:
            return lifted
        await lifted.write(self._now())
        return self._archive


class Merge:
    """Compares one kind's registers, in order of time, with those that history has."""

    def __init__(
        self, archive: Archive, target: Target, meters: Sequence[MeterInfo], now: datetime, report: Report
    ) -> None:
        self._archive = archive
        self._target = target
        self._others = placing.covered_by(target, meters)
        self._until = to_ms(placing.left_to_others(target, meters, now))
        self._report = report
        self._taken = 0

    async def compare(self, rows: Sequence[Standings]) -> Batch:
        """Count what is new and what is known, refuse what contradicts; return what is to be written."""
        target = self._target
        stored = await self._archive.standings(
            target.gateway, target.kind, target.meter, from_ms(rows[0].at), from_ms(rows[-1].at)
        )
        written: list[Standings] = []
        beside = _Beside(stored, self._taken)
        for _, group in groupby(rows, key=lambda one: quarter_of(one.at)):
            quarter = list(group)
            new = 0
            accepted = []
            for one in quarter:
                self._report.saw(one.at)
                reason, known = self._judge(one, beside)
                if reason is not None:
                    self._report.refused.add(one.line, reason)
                    continue
                accepted.append(one)
                new += not known
            self._report.new += new
            self._report.known += len(accepted) - new
            if new:
                written += accepted
        self._taken = beside.taken
        return chain.batch_of(target, [_standing(one) for one in written])

    def _judge(self, one: Standings, beside: "_Beside") -> tuple[str | None, bool]:
        """Why it cannot be taken, and whether it is known."""
        time = from_ms(one.at)
        if one.at > self._until:
            return "it lies in the last hour of history or later: that is left to the running pipeline", False
        for other in self._others:
            if other.first < time < other.last:
                return f"history has what the meter {other.meter} used at that time", False
        return beside.judge(one)


class _Beside:
    """The stored neighbours of registers that come in order of time; `taken` is when the last one taken stood."""

    def __init__(self, stored: Sequence[Standing], taken: int) -> None:
        self._stored = stored
        self._next = 0
        self.taken = taken

    def judge(self, one: Standings) -> tuple[str | None, bool]:
        """Why registers cannot be taken, and whether they are known."""
        time = from_ms(one.at)
        while self._next < len(self._stored) and self._stored[self._next].at < time:
            self._next += 1
        before = self._stored[self._next - 1] if self._next else None
        after = self._stored[self._next] if self._next < len(self._stored) else None
        if after is not None and after.first_at <= time:
            wrong = _misfit(after.first, after.first_at, one.registers, time)
            wrong = wrong or _misfit(one.registers, time, after.registers, after.at)
            return (f"history says otherwise: {wrong}", False) if wrong else (None, True)
        if before is not None and to_ms(before.at) > self.taken:
            wrong = _misfit(before.registers, before.at, one.registers, time)
            if wrong and after is not None and _goes_on(before, after):
                return f"history says otherwise before it: {wrong}", False
        if after is not None and not after.begins:
            wrong = _misfit(one.registers, time, after.first, after.first_at)
            if wrong:
                return f"history says otherwise after it: {wrong}", False
        self.taken = one.at
        return None, False


def _goes_on(before: Standing, after: Standing) -> bool:
    return not after.begins and not _misfit(before.registers, before.at, after.first, after.first_at)


def _misfit(before: Registers, since: datetime, after: Registers, until: datetime) -> str | None:
    return misfit(before, after, (until - since) // timedelta(milliseconds=1))


def _portions(rows: Iterator[Standings]) -> Iterator[list[Standings]]:
    portion: list[Standings] = []
    for one in rows:
        if portion and (len(portion) >= ROWS_AT_ONCE or one.at - portion[0].at > DAYS_AT_ONCE):
            yield portion
            portion = []
        portion.append(one)
    if portion:
        yield portion


def _standing(one: Standings) -> Standing:
    time = from_ms(one.at)
    return Standing(time, time, one.registers, one.registers, lasting=not is_loose(one))


def _how_chained(target: Target) -> str:
    if target.meter == IMPORTED:
        return (
            f"{target.kind}: the file has amounts, no registers; they become the registers of a meter of their own, "
            f"{target.meter!r}, whose differences are exactly those amounts"
        )
    return (
        f"{target.kind}: the file has amounts, no registers; they are counted from the registers of {target.meter}, "
        "so that their differences are exactly those amounts"
    )
