"""M-Bus devices by position: what of a device's lines stays the same, and where the rest stands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from meterkast_contracts.messages import MbusKind, MbusReading

from meterkast_parser.groups import octets
from meterkast_parser.mbus import EXTRA_UNITS, KINDS, PROFILE_GROUPS, UNITS, device_time, make_reading
from meterkast_parser.places import Line, NumberPlace, Places, is_time
from meterkast_parser.times import LocalTimes


@dataclass(slots=True)
class DeviceLayout:
    """A device's fields as its lines give them, and where serial number, value and time stand."""

    fields: dict[str, Any]
    meter_id: slice | None = None
    value: slice | None = None
    convert: Callable[[str], int | Decimal] = Decimal
    time: slice | None = None

    def read(self, text: str, times: LocalTimes) -> MbusReading:
        """Return the device's reading; raise LineError, ValueError or ArithmeticError for bad digits."""
        fields = self.fields.copy()
        fields["extra"] = {}
        if self.meter_id is not None:
            fields["meter_id"] = octets(text[self.meter_id]) or None
        if self.value is not None:
            fields["value"] = self.convert(text[self.value])
        if self.time is not None:
            fields["measured_at"] = device_time(text[self.time], times)
        return make_reading(fields)


def device_layout(channel: int, lines: Sequence[Line], places: Places) -> DeviceLayout | None:
    """Return the layout of a device that says each thing once and plainly, None for any other; raise LineError."""
    device = DeviceLayout(
        {
            "channel": channel, "kind": None, "meter_id": None, "value": None, "unit": None,
            "measured_at": None, "valve": None, "extra": {},
        }
    )  # fmt: skip
    items = {line.code.partition(":")[2]: line for line in lines if not line.wrapped}
    plain = len(items) == len(lines) and all(
        item in _WAYS and _WAYS[item](device, line, places) for item, line in items.items()
    )
    if not plain or (device.fields["kind"] is None and device.value is None):
        return None
    device.fields["kind"] = device.fields["kind"] or MbusKind.UNKNOWN
    return device


def _kind(device: DeviceLayout, line: Line, places: Places) -> bool:
    places.fix(line.spans[0])
    device.fields["kind"] = KINDS.get(int(line.groups[0]), MbusKind.OTHER) if line.groups[0].isdecimal() else None
    return device.fields["kind"] is not None


def _meter_id(device: DeviceLayout, line: Line, _places: Places) -> bool:
    first = device.meter_id is None
    device.meter_id = slice(*line.spans[0])
    return first


def _valve(device: DeviceLayout, line: Line, places: Places) -> bool:
    places.fix(line.spans[0])
    device.fields["valve"] = int(line.groups[0]) if line.groups[0].isdecimal() else None
    return line.groups[0].isdecimal() or not line.groups[0]


def _nothing(_device: DeviceLayout, _line: Line, _places: Places) -> bool:
    return True


def _register(device: DeviceLayout, line: Line, places: Places) -> bool:
    """Take `(time)(value*unit)` or `(value*unit)`."""
    if not any(line.groups):
        return True
    match line.groups:
        case [time, _] if is_time(time):
            device.time = slice(*line.spans[0])
        case [_]:
            pass
        case _:
            return False
    place = places.number(line.spans[-1])
    return place is not None and place.unit.lower() not in EXTRA_UNITS and _value(device, place, place.unit)


def _profile(device: DeviceLayout, line: Line, places: Places) -> bool:
    """Take DSMR 2.2/3.0's `(time)(status)(period)(count)(code)(unit)(value)`."""
    if len(line.groups) < PROFILE_GROUPS or not is_time(line.groups[0]):
        return False
    places.fix(line.spans[-2])
    place = places.number(line.spans[-1])
    device.time = slice(*line.spans[0])
    return place is not None and _value(device, place, line.groups[-2])


def _value(device: DeviceLayout, place: NumberPlace, spelt: str) -> bool:
    unit, shift = UNITS.get(spelt.lower(), (None, 1)) if spelt else (None, 0)
    if shift or device.value is not None:
        return False
    device.fields["unit"], device.value = unit, slice(*place.span)
    device.convert = Decimal if place.decimals else int
    return True


_WAYS: dict[str, Callable[[DeviceLayout, Line, Places], bool]] = {
    "24.1.0": _kind,
    "24.2.1": _register,
    "24.2.3": _register,
    "24.3.0": _profile,
    "24.4.0": _valve,
    "96.1.0": _meter_id,
    "96.1.1": _meter_id,
    "96.1.2": _nothing,
    "96.1.4": _nothing,
}
