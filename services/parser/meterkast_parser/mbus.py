"""M-Bus devices behind the meter: lines `0-n:24.x.y` and `0-n:96.1.y` (DSMR 5.0.2 P1 §6.12, e-MUCS-P1 2.1.1)."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Literal, get_args

from meterkast_contracts.messages import MbusKind, MbusReading, Number

from meterkast_parser.errors import LineError
from meterkast_parser.groups import octets, parse_number, shifted
from meterkast_parser.times import LocalTimes

KINDS = {
    0: MbusKind.OTHER, 2: MbusKind.ELECTRICITY, 3: MbusKind.GAS, 4: MbusKind.HEAT, 6: MbusKind.HOT_WATER,
    7: MbusKind.WATER, 8: MbusKind.HEAT_COST, 10: MbusKind.COLD, 11: MbusKind.COLD, 12: MbusKind.HEAT,
    13: MbusKind.HEAT_COLD, 21: MbusKind.HOT_WATER, 22: MbusKind.WATER,
}  # fmt: skip
"""Device types of EN 13757-3 as P1 ports print them; 12 is the heat meter of Warmtelink."""

Unit = Literal["m3", "GJ", "kWh", "MJ"]
UNITS: dict[str, tuple[Unit, int]] = {
    **{unit.lower(): (unit, 0) for unit in get_args(Unit)}, "dm3": ("m3", -3), "l": ("m3", -3), "wh": ("kWh", -3),
    "mwh": ("kWh", 3), "kj": ("MJ", -3),
}  # fmt: skip
EXTRA_UNITS = {"m3/h": ("flow_m3h", 0), "l/h": ("flow_m3h", -3), "kw": ("power_w", 3), "w": ("power_w", 0)}
_TEMPERATURES = {"24.2.3": "supply_temperature_c", "24.2.4": "return_temperature_c"}
_VALUES = ("24.2.1", "24.2.3")
PROFILE_GROUPS = 7
_CODE = re.compile(r"0-([1-9]):(24\.\d\.\d|96\.1\.[0-4])")

USUAL_NAMES: dict[tuple[MbusKind, str | None], str] = {
    (MbusKind.GAS, "m3"): "gas_m3",
    (MbusKind.WATER, "m3"): "water_m3",
    (MbusKind.HOT_WATER, "m3"): "hot_water_m3",
    (MbusKind.HEAT, "GJ"): "heat_gj",
    (MbusKind.HEAT_COLD, "GJ"): "heat_gj",
    (MbusKind.COLD, "GJ"): "cold_gj",
}
"""The plain names that the only device of a kind gets."""


make_reading = MbusReading.maker()


@dataclass(slots=True)
class Device:
    """What the lines of one channel said so far."""

    channel: int
    kind: MbusKind | None = None
    meter_id: str | None = None
    value: Number | None = None
    unit: Unit | None = None
    measured_at: datetime | None = None
    valve: int | None = None
    extra: dict[str, Number] = field(default_factory=dict)

    def reading(self) -> MbusReading | None:
        """Return the device's reading, None for a channel that said nothing of a device."""
        if self.kind is None and self.value is None and not self.meter_id:
            return None
        return make_reading(
            {
                "channel": self.channel, "kind": self.kind or MbusKind.UNKNOWN, "meter_id": self.meter_id,
                "value": self.value, "unit": self.unit, "measured_at": self.measured_at, "valve": self.valve,
                "extra": self.extra,
            }
        )  # fmt: skip


def taker_of(code: str) -> tuple[int, "Taker"] | None:
    """Return the channel of a code and what enters its groups into the device; None for what is no M-Bus code."""
    if code in _LEGACY:
        return 0, _LEGACY[code]
    match = _CODE.fullmatch(code)
    if match is None:
        return None
    channel, item = int(match.group(1)), match.group(2)
    return channel, _TAKERS.get(item) or partial(_take_value, item)


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise LineError(f"{text[:20]!r} is no whole number")
    return int(text)


def device_time(text: str, times: LocalTimes) -> datetime | None:
    """Return the time, None where the meter prints one that no clock shows: no device has answered yet."""
    moment = times.plausible(text)
    if moment is None and not text.isdecimal() and not text[:-1].isdecimal():
        raise LineError(f"{text!r} is no time")
    return moment


def _take_kind(device: Device, groups: Sequence[str], _times: LocalTimes) -> None:
    device.kind = KINDS.get(_whole(groups[0]), MbusKind.OTHER)


def _take_meter_id(device: Device, groups: Sequence[str], _times: LocalTimes) -> None:
    device.meter_id = device.meter_id or octets(groups[0]) or None


def _take_valve(device: Device, groups: Sequence[str], _times: LocalTimes) -> None:
    device.valve = _whole(groups[0]) if groups[0] else None


def _ignore(_device: Device, _groups: Sequence[str], _times: LocalTimes) -> None:
    """EAN and version of a device say nothing of its reading."""


def _take_value(item: str, device: Device, groups: Sequence[str], times: LocalTimes) -> None:
    """Take `(time)(value*unit)` or `(value*unit)`: a register in 24.2.1 or 24.2.3, else a further value."""
    if not any(groups):
        return
    number, unit = parse_number(groups[-1])
    key = unit.lower()
    if unit == "degC":
        device.extra[_TEMPERATURES.get(item, f"temperature_{item.replace('.', '_')}_c")] = shifted(number, 0)
    elif key in EXTRA_UNITS:
        name, shift = EXTRA_UNITS[key]
        device.extra[name] = shifted(number, shift)
    elif item in _VALUES and device.value is None:
        _set_value(device, number, unit)
        device.measured_at = device_time(groups[0], times) if len(groups) > 1 else None
    elif key in UNITS:
        name, shift = UNITS[key]
        device.extra.setdefault(f"value_{item.rpartition('.')[2]}_{name.lower()}", shifted(number, shift))


def _set_value(device: Device, number: Decimal, unit: str) -> None:
    if unit and unit.lower() not in UNITS:
        raise LineError(f"unit {unit!r} is none of an M-Bus register's")
    device.unit, shift = UNITS[unit.lower()] if unit else (None, 0)
    device.value = number if not shift and number.as_tuple().exponent else shifted(number, shift)


def _take_profile(device: Device, groups: Sequence[str], times: LocalTimes) -> None:
    """Take DSMR 2.2/3.0's `(time)(status)(period)(count)(code)(unit)(value)`."""
    if len(groups) < PROFILE_GROUPS:
        raise LineError(f"a profile has {PROFILE_GROUPS} groups, not {len(groups)}")
    time, unit, value = groups[0], groups[-2], groups[-1]
    number, _ = parse_number(value)
    _set_value(device, number, unit)
    device.measured_at = device_time(time, times)


def _take_newest(device: Device, groups: Sequence[str], times: LocalTimes) -> None:
    """Take one hourly row `(value*m3)(time)` of the oldest meters; the newest of the rows is the reading."""
    moment = times.parse(groups[-1])
    if device.measured_at is None or moment > device.measured_at:
        device.kind = MbusKind.GAS
        _set_value(device, *parse_number(groups[0]))
        device.measured_at = moment


Taker = Callable[[Device, Sequence[str], LocalTimes], None]

_TAKERS: dict[str, Taker] = {
    "24.1.0": _take_kind,
    "96.1.0": _take_meter_id,
    "96.1.1": _take_meter_id,
    "96.1.2": _ignore,
    "96.1.4": _ignore,
    "24.3.0": _take_profile,
    "24.4.0": _take_valve,
}
_LEGACY: dict[str, Taker] = {"7-0:23.1.0": _take_newest, "7-0:24.4.0": _take_valve}


def finish(devices: dict[int, Device]) -> tuple[MbusReading, ...]:
    """Return the readings by channel."""
    if 0 in devices:
        _adopt_orphan(devices)
    return tuple([reading for channel in sorted(devices) if (reading := devices[channel].reading())])


def _adopt_orphan(devices: dict[int, Device]) -> None:
    """Give the device of the oldest meters, which has no channel, the serial number that stands alone at one."""
    orphans = [device for device in devices.values() if device.kind is None and device.value is None]
    if devices[0].meter_id is None and len(orphans) == 1:
        devices[0].meter_id, orphans[0].meter_id = orphans[0].meter_id, None


def usual_name(kind: MbusKind, unit: str | None) -> str | None:
    """Return the plain name of the only device of a kind, None for a kind that has none."""
    return USUAL_NAMES.get((kind, unit))


def usual_values(readings: Iterable[MbusReading]) -> dict[str, Number]:
    """Return `gas_m3`, `water_m3`, `heat_gj`… for every kind of which just one device has a value in that unit."""
    values: dict[str, Number] = {}
    several = set()
    for reading in readings:
        name = usual_name(reading.kind, reading.unit)
        if name is not None and reading.value is not None:
            if name in values:
                several.add(name)
            values[name] = reading.value
    for name in several:
        del values[name]
    return values
