"""Which meter of history the registers of a file belong to."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from meterkast_store.history import MeterInfo
from meterkast_store.instants import from_ms, to_ms

from meterkast_api.imports.archive import IMPORTED, Archive, Target
from meterkast_api.imports.sense import misfit
from meterkast_api.imports.staging import Staging

MINE = timedelta(hours=1)
LIVE = timedelta(days=2)


async def place(archive: Archive, staging: Staging, gateway: str, kind: str, meters: Sequence[MeterInfo]) -> Target:
    """Return the gateway's first meter whose registers those of the file go on to, else `imported`."""
    for info in meters:
        target = Target(gateway, kind, info.meter)
        if info.meter != IMPORTED and await _joins(archive, staging, target, info):
            return target
    return Target(gateway, kind, IMPORTED)


async def _joins(archive: Archive, staging: Staging, target: Target, info: MeterInfo) -> bool:
    """Whether the file's last registers before the meter's first reading, or its first ones after it, fit."""
    before, after = staging.neighbours(target.kind, to_ms(info.first))
    if before is not None:
        return await fits(archive, target, before.at, before.registers)
    return after is not None and after.at <= to_ms(info.last) and await fits(
        archive, target, after.at, after.registers
    )  # fmt: skip


async def fits(archive: Archive, target: Target, at: int, registers: Mapping[str, int]) -> bool:
    """Whether registers go between those that a meter has around that time; they must share one at least."""
    time = from_ms(at)
    found = await archive.standings(target.gateway, target.kind, target.meter, time, time)
    shared = False
    for one in found:
        shared = shared or bool(one.registers.keys() & registers.keys())
        if one.at <= time and misfit(one.registers, registers, (time - one.at) // timedelta(milliseconds=1)):
            return False
        if one.first_at >= time and misfit(registers, one.first, (one.first_at - time) // timedelta(milliseconds=1)):
            return False
    return shared


def left_to_others(target: Target, meters: Sequence[MeterInfo], now: datetime) -> datetime:
    """Return from when on readings are those of the running pipeline, which an import leaves alone."""
    newest = max((info.last for info in meters if info.meter == target.meter), default=None)
    return (newest if newest is not None and newest > now - LIVE else now) - MINE


def covered_by(target: Target, meters: Sequence[MeterInfo]) -> list[MeterInfo]:
    """Return the other meters of the kind: what was used in their time is in history."""
    return [info for info in meters if info.meter != target.meter]
