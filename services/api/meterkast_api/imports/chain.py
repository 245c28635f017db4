"""Amounts as registers: what was used in each period, chained from registers that are known, or from a round number."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta

from meterkast_store.history import MeterInfo, Standing

from meterkast_api.imports.archive import IMPORTED, Archive, Target, is_imported
from meterkast_api.imports.placing import moment
from meterkast_api.imports.record import Amounts, Standings
from meterkast_api.imports.staging import Staging
from meterkast_api.imports.walltime import milliseconds

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
    """Return the meter that was read where the amounts begin or end, else one of our own making with room for them."""
    start, end = span
    own = [info.meter for info in meters if not is_imported(info.meter)]
    for meter in own:
        if await _read_at(archive, Target(gateway, kind, meter), (start, end)):
            return Target(gateway, kind, meter)
    number = 1
    while True:
        target = Target(gateway, kind, IMPORTED if number == 1 else f"{IMPORTED} {number}")
        info = next((one for one in meters if one.meter == target.meter), None)
        if info is None or not milliseconds(info.first) < start < end < milliseconds(info.last):
            return target
        if await _any_between(archive, target, start, end):
            return target
        number += 1


async def _read_at(archive: Archive, target: Target, times: Sequence[int]) -> bool:
    for at in times:
        time = moment(at)
        if any(one.at == time for one in await _standings(archive, target, at, at)):
            return True
    return False


async def _any_between(archive: Archive, target: Target, start: int, end: int) -> bool:
    found = await _standings(archive, target, start, end)
    return any(start <= milliseconds(one.at) <= end for one in found)


async def _standings(archive: Archive, target: Target, start: int, end: int) -> list[Standing]:
    return await archive.standings(target.gateway, target.kind, target.meter, moment(start), moment(end))


async def chained(archive: Archive, staging: Staging, target: Target) -> AsyncIterator[Standings]:
    """Give the registers at both ends of each amount; registers that history has at a time are gone by."""
    registers = await _begin(archive, staging, target)
    end = 0
    async for one, known in _beside(archive, staging, target):
        registers = {**registers, **known.get(one.start, {})}
        if one.start != end:
            begin = {name: registers[name] for name in one.values}
            yield Standings(one.line, one.start, one.start - (one.end - one.start), begin)
        end = one.end
        registers = {**registers, **{name: registers[name] + value for name, value in one.values.items()}}
        registers = {**registers, **known.get(end, {})}
        yield Standings(one.line, end, one.start, {name: registers[name] for name in one.values})


async def _beside(
    archive: Archive, staging: Staging, target: Target
) -> AsyncIterator[tuple[Amounts, Mapping[int, Mapping[str, int]]]]:
    """Give each amount with the registers that history has at times around it."""
    until, known = 0, {}
    for one in staging.amounts(target.kind):
        if one.end > until:
            until = max(one.end, one.start + WINDOW // timedelta(milliseconds=1))
            stored = await _standings(archive, target, one.start, until)
            known = {milliseconds(standing.at): standing.registers for standing in stored}
        yield one, known


async def _begin(archive: Archive, staging: Staging, target: Target) -> dict[str, int]:
    """Return the registers at the first amount's start."""
    start, _ = staging.span_of_amounts(target.kind) or (0, 0)
    stored = await _standings(archive, target, start, start)
    before = [one for one in stored if milliseconds(one.at) <= start]
    if before:
        return dict(before[-1].registers)
    return await asyncio.to_thread(_before_first, staging, target.kind, stored[0] if stored else None)


def _before_first(staging: Staging, kind: str, first: Standing | None) -> dict[str, int]:
    """Count back from the first registers that history has; begin at a round number where it has none."""
    used: dict[str, int] = {}
    until = None if first is None else milliseconds(first.first_at)
    for one in staging.amounts(kind):
        for name, value in one.values.items():
            used[name] = used.get(name, 0) + (value if until is not None and one.end <= until else 0)
    return {name: (BEGIN if first is None else first.first.get(name, BEGIN)) - value for name, value in used.items()}
