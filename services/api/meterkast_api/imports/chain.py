"""Amounts as registers: what was used in each period, chained from registers that are known, or from a round number."""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from meterkast_store.history import ELECTRICITY, Batch, MbusSample, MeterInfo, Sample, Standing
from meterkast_store.instants import from_ms, to_ms

from meterkast_api.imports.archive import IMPORTED, Archive, Target
from meterkast_api.imports.record import Amounts, Standings
from meterkast_api.imports.staging import Staging

Registers = Mapping[str, int]
BEGIN = 1_000_000_000
"""Where registers begin that nobody has read: there is room below it for what is imported later and is older."""
WINDOW = timedelta(days=60)


def back_from_registers(staging: Staging, kind: str) -> list[Standings]:
    """Return the registers at both ends of each amount, counted back from the first ones read after it."""
    found: list[Standings] = []
    for one in reversed(list(staging.amounts(kind))):
        _, after = staging.neighbours(kind, one.end - 1)
        if found and (after is None or found[-1].at <= after.at):
            after = found[-1]
        if after is None:
            staging.refused.add(one.line, "no registers stand after it, from which they could be counted back")
            continue
        begin = {name: after.registers.get(name, -1) - value for name, value in one.values.items()}
        if min(begin.values()) < 0:
            staging.refused.add(one.line, "more was used than the registers after it show")
            continue
        ends = {name: after.registers[name] for name in one.values}
        length = one.end - one.start
        found += [
            Standings(one.line, one.end, one.start, ends),
            Standings(one.line, one.start, one.start - length, begin),
        ]
    return found


async def target_of_amounts(
    archive: Archive, span: tuple[int, int], gateway: str, kind: str, meters: Sequence[MeterInfo]
) -> Target:
    """Return the meter that was read where the amounts begin or end, else one of our own making."""
    for info in meters:
        if info.meter != IMPORTED and await _read_at(archive, Target(gateway, kind, info.meter), span):
            return Target(gateway, kind, info.meter)
    return Target(gateway, kind, IMPORTED)


async def _read_at(archive: Archive, target: Target, times: Sequence[int]) -> bool:
    for at in times:
        if any(one.at == from_ms(at) for one in await _standings(archive, target, at, at)):
            return True
    return False


async def _standings(archive: Archive, target: Target, start: int, end: int) -> list[Standing]:
    return await archive.standings(target.gateway, target.kind, target.meter, from_ms(start), from_ms(end))


@dataclass(slots=True)
class Chain:
    """The registers at both ends of each amount, hung on those that history has; `lifts` is what makes room.

    Where amounts come between others that were imported before, the registers after them must rise: from the time of
    each lift on, by so much.
    """

    archive: Archive
    staging: Staging
    target: Target
    lifts: list[tuple[int, Registers]] = field(default_factory=list)

    async def standings(self) -> AsyncIterator[Standings]:
        """Give the registers in order of time."""
        now = await self._begin()
        lifted: Registers = {}
        end = 0
        async for one, known in self._beside():
            before, after = known.get(one.start), known.at_or_after(one.end)
            now = {**now, **_sum(before or {}, lifted)}
            if one.start != end:
                begin = {name: now[name] for name in one.values}
                yield Standings(one.line, one.start, one.start - (one.end - one.start), begin)
            end = one.end
            there = known.get(end)
            if before and there and any(there[name] > before.get(name, 0) for name in one.values if name in there):
                now = {**now, **_sum(there, lifted)}
            else:
                now = {**now, **{name: now[name] + value for name, value in one.values.items()}}
                if after is not None and (lack := _lack(now, _sum(after[1], lifted))) and self.target.meter == IMPORTED:
                    lifted = {name: lifted.get(name, 0) + lack.get(name, 0) for name in {*lifted, *lack}}
                    self.lifts.append((after[0], lifted))
                now = {**now, **_sum(there or {}, lifted)}
            yield Standings(one.line, end, one.start, {name: now[name] for name in one.values})

    async def _beside(self) -> AsyncIterator[tuple[Amounts, "Known"]]:
        until, known = 0, Known([])
        for one in self.staging.amounts(self.target.kind):
            if one.end > until:
                until = max(one.end, one.start + WINDOW // timedelta(milliseconds=1))
                known = Known(await _standings(self.archive, self.target, one.start, until))
            yield one, known

    async def _begin(self) -> dict[str, int]:
        """Return the registers at the first amount's start."""
        start, _ = self.staging.span_of_amounts(self.target.kind) or (0, 0)
        stored = await _standings(self.archive, self.target, start, start)
        first = next((one for one in stored if to_ms(one.at) > start), None)
        begin = await asyncio.to_thread(_before_first, self.staging, self.target.kind, first)
        before = [one.registers for one in stored if to_ms(one.at) <= start]
        return {**begin, **before[-1]} if before else begin


class Known:
    """Registers that history has, by their times."""

    def __init__(self, stored: Sequence[Standing]) -> None:
        self._times = [to_ms(one.at) for one in stored]
        self._registers = [one.registers for one in stored]

    def get(self, at: int) -> Registers | None:
        """Return those of exactly this time."""
        found = self.at_or_after(at)
        return found[1] if found is not None and found[0] == at else None

    def at_or_after(self, at: int) -> tuple[int, Registers] | None:
        """Return the first ones of this time or later, and when they stood."""
        index = bisect_left(self._times, at)
        return (self._times[index], self._registers[index]) if index < len(self._times) else None


class Lifted:
    """An archive some of whose registers are lifted, and the writing of them."""

    def __init__(self, archive: Archive, target: Target, lifts: Sequence[tuple[int, Registers]]) -> None:
        self._archive = archive
        self._target = target
        self._lifts = lifts
        self._times = [at for at, _ in lifts]

    async def meters(self, gateway: str) -> list[MeterInfo]:
        """Every meter of a gateway."""
        return await self._archive.meters(gateway)

    async def insert(self, batch: Batch) -> None:
        """Write readings older than the newest of their meter."""
        await self._archive.insert(batch)

    async def standings(self, gateway: str, kind: str, meter: str, start: datetime, end: datetime) -> list[Standing]:
        """Where a meter's registers stand once they are lifted."""
        stored = await self._archive.standings(gateway, kind, meter, start, end)
        return [self._lift(one) for one in stored]

    async def write(self, until: datetime) -> None:
        """Lift what is stored."""
        start = from_ms(self._times[0])
        target = self._target
        while start <= until:
            end = start + WINDOW
            found = await self.standings(target.gateway, target.kind, target.meter, start, end)
            await self._archive.insert(batch_of(target, [one for one in found if start <= one.at <= end]))
            start = end + timedelta(milliseconds=1)

    def _lift(self, one: Standing) -> Standing:
        index = bisect_right(self._times, to_ms(one.at)) - 1
        if index < 0:
            return one
        lift = self._lifts[index][1]
        return replace(one, first=_sum(one.first, lift), registers=_sum(one.registers, lift))


def batch_of(target: Target, rows: Sequence[Standing]) -> Batch:
    """Return what is written to have registers stand so."""
    gateway, kind, meter = target.gateway, target.kind, target.meter
    if kind == ELECTRICITY:
        return Batch(samples=[Sample(gateway, meter, one.at, registers=one.registers) for one in rows])
    samples = [
        MbusSample(gateway, kind, meter, one.at, name, value, lasting=one.lasting)
        for one in rows
        for name, value in one.registers.items()
    ]
    return Batch(mbus=samples)


def _lack(now: Registers, after: Registers) -> dict[str, int]:
    return {name: value - after[name] for name, value in now.items() if value > after.get(name, value)}


def _sum(registers: Registers, lift: Registers) -> dict[str, int]:
    return {name: value + lift.get(name, 0) for name, value in registers.items()}


def _before_first(staging: Staging, kind: str, first: Standing | None) -> dict[str, int]:
    """Count back from the first registers that history has; begin at a round number where it has none."""
    used: dict[str, int] = {}
    until = None if first is None else to_ms(first.first_at)
    for one in staging.amounts(kind):
        for name, value in one.values.items():
            used[name] = used.get(name, 0) + (value if until is not None and one.end <= until else 0)
    return {name: (BEGIN if first is None else first.first.get(name, BEGIN)) - value for name, value in used.items()}
