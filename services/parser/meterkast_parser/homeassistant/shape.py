"""What of readings and gateways decides which entities there are; all else is values."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from meterkast_contracts.messages import DeviceInfo, MbusKind, MbusReading, Reading

from meterkast_parser.homeassistant.traits import NOT_SHOWN
from meterkast_parser.mbus import USUAL_NAMES, usual_name


@dataclass(frozen=True, slots=True)
class MbusShape:
    """An M-Bus meter: `key` is its kind and serial number; `name` is its plain name where it is the only one of it."""

    key: str
    kind: MbusKind
    meter_id: str | None
    unit: str | None
    name: str | None
    extras: frozenset[str]
    has_time: bool
    has_valve: bool


@dataclass(frozen=True, slots=True)
class MeterShape:
    """The electricity meter: which values it has, and what it says of itself."""

    names: frozenset[str] = frozenset()
    meter_id: str | None = None
    identification: str | None = None


@dataclass(frozen=True, slots=True)
class GatewayShape:
    """What the gateway says of itself and seldom changes."""

    version: str | None = None
    has_signal: bool = False
    commands: frozenset[str] = field(default_factory=frozenset)


def same(before: Reading, after: Reading) -> bool:
    """Whether two readings have the same shape; quick, since it is asked of every reading."""
    return (
        before.values.keys() == after.values.keys()
        and before.meter_id == after.meter_id
        and (before.peak_import_at is None) is (after.peak_import_at is None)
        and len(before.mbus) == len(after.mbus)
        and all(map(_alike, before.mbus, after.mbus))
    )


def _alike(before: MbusReading, after: MbusReading) -> bool:
    return (
        before.meter_id == after.meter_id
        and before.kind is after.kind
        and before.unit == after.unit
        and before.extra.keys() == after.extra.keys()
    )


def meter_shape(reading: Reading) -> MeterShape:
    """Return the electricity meter's shape, without what stands with the M-Bus meters."""
    names = {name for name in reading.values if name not in NOT_SHOWN} - set(USUAL_NAMES.values())
    fixed = ("meter_id", "version", "measured_at", "peak_import_at")
    names |= {name for name in fixed if getattr(reading, name) is not None}
    return MeterShape(frozenset(names), reading.meter_id, reading.identification or None)


def mbus_shapes(reading: Reading) -> Iterator[MbusShape]:
    """Yield the shapes of the M-Bus meters that have ever answered."""
    taken: set[str] = set()
    for device in reading.mbus:
        if device.value is None and not device.extra:
            continue
        name = usual_name(device.kind, device.unit)
        yield MbusShape(
            key=_unique(device.kind.value + (f"_{slug(device.meter_id)}" if device.meter_id else ""), taken),
            kind=device.kind,
            meter_id=device.meter_id,
            unit=device.unit,
            name=name if name in reading.values else None,
            extras=frozenset(device.extra),
            has_time=device.measured_at is not None,
            has_valve=device.valve is not None,
        )


def gateway_shape(info: DeviceInfo) -> GatewayShape:
    """Return the gateway's shape."""
    return GatewayShape(info.version, info.signal_dbm is not None, frozenset(info.commands))


def slug(text: str) -> str:
    """Return the text with `_` for what may not stand in a discovery topic."""
    return re.sub(r"[^A-Za-z0-9-]", "_", text)


def _unique(key: str, taken: set[str]) -> str:
    """Number the second of what should not be twice: meters without a serial number."""
    numbered = next(name for n in count(1) if (name := key if n == 1 else f"{key}_{n}") not in taken)
    taken.add(numbered)
    return numbered
