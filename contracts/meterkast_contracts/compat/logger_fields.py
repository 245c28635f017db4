"""The fields of a telegram under the names, in the order and with the units of the library that DSMRloggerAPI uses."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

from meterkast_contracts.compat.wire import BELGIAN_VERSION, fixed, octets, quoted, timestamp
from meterkast_contracts.messages import MbusKind, MbusReading, Reading

Field = tuple[str, str, str]
"""Name, value as JSON, unit."""
Value = Callable[[Reading, ZoneInfo], str | None]
CHANNELS = range(1, 5)
ABSENT = '"-"'
DEVICE_TYPES = {
    MbusKind.OTHER: 0, MbusKind.ELECTRICITY: 2, MbusKind.GAS: 3, MbusKind.HEAT: 4, MbusKind.HOT_WATER: 6,
    MbusKind.WATER: 7, MbusKind.HEAT_COST: 8, MbusKind.COLD: 10, MbusKind.HEAT_COLD: 13,
}  # fmt: skip
"""Numbers of EN 13757-3, as telegrams have them in 0-n:24.1.0; of several that mean the same, the usual one."""
ACTUAL = ("timestamp", "energy_", "power_", "voltage_", "current_")
INFO = ("identification", "p1_version", "equipment_id", "electricity_tariff")


def _text(get: Callable[[Reading], str | None]) -> Value:
    def value(reading: Reading, _zone: ZoneInfo) -> str | None:
        text = get(reading)
        return quoted(text) if text is not None else None

    return value


def _number(name: str, shift: int = 0) -> Value:
    def value(reading: Reading, _zone: ZoneInfo) -> str | None:
        number = reading.number(name)
        return fixed(Decimal(number).scaleb(shift), 3) if number is not None else None

    return value


def _count(name: str) -> Value:
    def value(reading: Reading, _zone: ZoneInfo) -> str | None:
        number = reading.number(name)
        return str(int(number)) if number is not None else None

    return value


def _version(reading: Reading, *, belgian: bool) -> str | None:
    version = reading.version
    return version if version is not None and (len(version) == BELGIAN_VERSION) is belgian else None


def _tariff(reading: Reading) -> str | None:
    tariff = reading.number("tariff")
    return f"{int(tariff):04d}" if tariff is not None else None


def _message(reading: Reading) -> str | None:
    code = reading.values.get("message_code")
    return octets(str(code)) if code is not None else None


def _failures(reading: Reading, zone: ZoneInfo) -> str | None:
    log = reading.power_failure_log
    if not log:
        return None
    entries = (f"({timestamp(one.ended_at, zone)})({one.duration_s:010d}*s)" for one in log)
    return quoted(f"({len(log)})(0-0:96.7.19){''.join(entries)}")


def _phases(name: str, ours: str, unit: str, shift: int = 0) -> tuple[tuple[str, Value, str], ...]:
    return tuple(
        (f"{name}_l{n}", _number(ours.format(n), shift) if unit else _count(ours.format(n)), unit) for n in (1, 2, 3)
    )


ELECTRICITY: tuple[tuple[str, Value, str], ...] = (
    ("identification", _text(lambda reading: reading.identification), ""),
    ("p1_version", _text(lambda reading: _version(reading, belgian=False)), ""),
    ("p1_version_be", _text(lambda reading: _version(reading, belgian=True)), ""),
    ("timestamp", lambda reading, zone: quoted(timestamp(reading.at, zone)), ""),
    ("equipment_id", _text(lambda reading: octets(reading.meter_id) if reading.meter_id else None), ""),
    ("energy_delivered_tariff1", _number("energy_import_t1_kwh"), "kWh"),
    ("energy_delivered_tariff2", _number("energy_import_t2_kwh"), "kWh"),
    ("energy_returned_tariff1", _number("energy_export_t1_kwh"), "kWh"),
    ("energy_returned_tariff2", _number("energy_export_t2_kwh"), "kWh"),
    ("electricity_tariff", _text(_tariff), ""),
    ("power_delivered", _number("power_import_w", -3), "kW"),
    ("power_returned", _number("power_export_w", -3), "kW"),
    ("electricity_threshold", _number("limiter_threshold_w", -3), "kW"),
    ("electricity_switch_position", _count("breaker_state"), ""),
    ("electricity_failures", _count("power_failures"), ""),
    ("electricity_long_failures", _count("long_power_failures"), ""),
    ("electricity_failure_log", _failures, ""),
    *_phases("electricity_sags", "voltage_sags_l{}", ""),
    *_phases("electricity_swells", "voltage_swells_l{}", ""),
    ("message_short", _text(_message), ""),
    *_phases("voltage", "voltage_l{}_v", "V"),
    *_phases("current", "current_l{}_a", "A"),
    *_phases("power_delivered", "power_import_l{}_w", "kW", -3),
    *_phases("power_returned", "power_export_l{}_w", "kW", -3),
)


def every_field(reading: Reading, zone: ZoneInfo) -> Iterator[Field]:
    """Every field; "-" for what the meter lacks."""
    for name, value, unit in ELECTRICITY:
        found = value(reading, zone)
        yield (name, ABSENT, "") if found is None else (name, found, unit)
    for channel in CHANNELS:
        device = next((one for one in reading.mbus if one.channel == channel), None)
        yield from _mbus(channel, device, belgian=_version(reading, belgian=True) is not None)


def actual_fields(reading: Reading, zone: ZoneInfo) -> Iterator[Field]:
    """What changes from telegram to telegram, as far as the meter gives it, and the gas."""
    for field in every_field(reading, zone):
        name, value, _ = field
        if value != ABSENT and (name.startswith(ACTUAL) or name.endswith("_delivered")):
            yield field
    yield "gas_delivered", fixed(reading.number("gas_m3") or 0, 3), "m3"


def info_fields(reading: Reading, zone: ZoneInfo) -> Iterator[Field]:
    """What the meters are."""
    for field in every_field(reading, zone):
        name, value, _ = field
        is_mbus = name.startswith("mbus") and ("_device_type" in name or "_equipment" in name)
        if value != ABSENT and (name.startswith(INFO) or is_mbus):
            yield field


def _mbus(channel: int, device: MbusReading | None, *, belgian: bool) -> Iterator[Field]:
    """One M-Bus meter: Belgian meters have their number in another line, and the original another field for it."""
    kind = None if device is None else DEVICE_TYPES.get(device.kind)
    identity = quoted(octets(device.meter_id)) if device is not None and device.meter_id else None
    valve = None if device is None or device.valve is None else str(device.valve)
    delivered = None if device is None or device.value is None else fixed(device.value, 3)
    unit = (device.unit or "") if device is not None else ""
    for name, value, unit_of in (
        ("device_type", None if kind is None else str(kind), ""),
        ("equipment_id_tc", None if belgian else identity, ""),
        ("equipment_id_ntc", identity if belgian else None, ""),
        ("valve_position", valve, ""),
        ("delivered", delivered, unit),
        ("delivered_ntc", None, ""),
        ("delivered_dbl", None, ""),
    ):
        yield f"mbus{channel}_{name}", ABSENT if value is None else value, "" if value is None else unit_of
