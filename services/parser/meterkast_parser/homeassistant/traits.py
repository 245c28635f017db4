"""How values of the catalogue, of M-Bus meters and of gateways appear in Home Assistant: facts in tables.

Words are those of Home Assistant's sensor integration; only such as all versions since 2024.11 know.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from meterkast_contracts.catalogue import BY_NAME, UNITS, Entry, Kind, Quantity
from meterkast_contracts.messages import MbusKind

Language = Literal["nl", "en"]
Traits = dict[str, Any]

MEASUREMENT = {"state_class": "measurement"}
INCREASING = {"state_class": "total_increasing"}
DIAGNOSTIC = {"entity_category": "diagnostic"}
TIMESTAMP = {"device_class": "timestamp", **DIAGNOSTIC}
HIDDEN = {"enabled_by_default": False}
LONGEST_STATE = 255

DEVICE_CLASSES: Mapping[Quantity, str] = {
    Quantity.ENERGY: "energy",
    Quantity.POWER: "power",
    Quantity.REACTIVE_POWER: "reactive_power",
    Quantity.APPARENT_POWER: "apparent_power",
    Quantity.POWER_FACTOR: "power_factor",
    Quantity.VOLTAGE: "voltage",
    Quantity.CURRENT: "current",
    Quantity.FREQUENCY: "frequency",
    Quantity.DURATION: "duration",
    Quantity.HEAT: "energy",
}
"""Reactive and apparent energy have a class only in later versions; volumes have that of what flows."""
MAY_DECREASE = frozenset({"energy_net_kwh"})
NOT_SHOWN = frozenset(entry.name for entry in BY_NAME.values() if entry.kind is Kind.LOG)
TIMES = ("measured_at", "peak_import_at")
PEAK_TIME = ("Time of the month peak", "Tijdstip maandpiek")


@dataclass(frozen=True, slots=True)
class MbusTraits:
    """What an M-Bus meter is called, and the device class of what it counts in m³."""

    en: str
    nl: str
    volume_class: str = "volume"


MBUS: Mapping[MbusKind, MbusTraits] = {
    MbusKind.GAS: MbusTraits("Gas meter", "Gasmeter", "gas"),
    MbusKind.WATER: MbusTraits("Water meter", "Watermeter", "water"),
    MbusKind.HOT_WATER: MbusTraits("Hot water meter", "Warmwatermeter", "water"),
    MbusKind.HEAT: MbusTraits("Heat meter", "Warmtemeter"),
    MbusKind.COLD: MbusTraits("Cold meter", "Koudemeter"),
    MbusKind.HEAT_COLD: MbusTraits("Heat and cold meter", "Warmte- en koudemeter"),
    MbusKind.HEAT_COST: MbusTraits("Heat cost allocator", "Warmtekostenverdeler"),
    MbusKind.ELECTRICITY: MbusTraits("Submeter", "Tussenmeter"),
    MbusKind.OTHER: MbusTraits("M-Bus meter", "M-Bus-meter"),
    MbusKind.UNKNOWN: MbusTraits("M-Bus meter", "M-Bus-meter"),
}
SMART_METER = ("Smart meter", "Slimme meter")
DIAL = ("Meter reading", "Meterstand")
MEASURED_AT = ("Measured at", "Gemeten om")
VALVE = ("Valve", "Klep")
ENERGY_UNITS: Mapping[str, int] = {"kWh": 3, "GJ": 3, "MJ": 0}
"""Units of what M-Bus meters count in energy, and the decimals worth showing."""

EXTRAS: Mapping[str, tuple[str, str, Traits]] = {
    "flow_m3h": ("Flow", "Doorstroming", {"device_class": "volume_flow_rate", "unit_of_measurement": "m³/h"}),
    "power_w": ("Power", "Vermogen", {"device_class": "power", "unit_of_measurement": "W"}),
    "supply_temperature_c": (
        "Supply temperature", "Aanvoertemperatuur", {"device_class": "temperature", "unit_of_measurement": "°C"},
    ),
    "return_temperature_c": (
        "Return temperature", "Retourtemperatuur", {"device_class": "temperature", "unit_of_measurement": "°C"},
    ),
}  # fmt: skip
"""What M-Bus meters tell beside their register, as far as it has a name of ours."""

BUTTONS: Mapping[str, tuple[str, str, Traits]] = {
    "restart": ("Restart", "Herstarten", {"device_class": "restart", "entity_category": "config"}),
    "identify": ("Identify", "Identificeren", {"device_class": "identify", **DIAGNOSTIC}),
    "update": ("Update firmware", "Firmware bijwerken", {"device_class": "update", "entity_category": "config"}),
}
CONNECTION = ("Connection", "Verbinding")
SIGNAL = ("Signal strength", "Signaalsterkte")
STARTED = ("Running since", "Draait sinds")


def said(words: tuple[str, str], language: Language) -> str:
    """Return the English or the Dutch of the two."""
    return words[language == "nl"]


def sensor_traits(entry: Entry) -> Traits:
    """Return what Home Assistant is told of a catalogue value, beside its name and where it stands."""
    traits: Traits = {}
    if device_class := _device_class(entry):
        traits["device_class"] = device_class
    if unit := UNITS[entry.quantity][0]:
        traits["unit_of_measurement"] = "m³" if unit == "m3" else unit
    if entry.numeric and entry.quantity not in (Quantity.COUNT, Quantity.NONE):
        traits["suggested_display_precision"] = entry.decimals
    if entry.kind is Kind.REGISTER:
        traits |= {"state_class": "total"} if entry.name in MAY_DECREASE else INCREASING
    elif entry.kind is Kind.GAUGE:
        traits |= MEASUREMENT
    if entry.quantity is Quantity.COUNT or (entry.kind in (Kind.TEXT, Kind.STATE) and entry.name != "tariff"):
        traits |= DIAGNOSTIC
    return traits


def _device_class(entry: Entry) -> str | None:
    if entry.quantity is Quantity.VOLUME:
        return "gas" if entry.name == "gas_m3" else "water"
    return DEVICE_CLASSES.get(entry.quantity)


def mbus_traits(kind: MbusKind, unit: str | None) -> Traits:
    """Return what Home Assistant is told of an M-Bus meter's register in this unit."""
    if unit == "m3":
        volume_class = MBUS[kind].volume_class
        return {
            "device_class": volume_class, "unit_of_measurement": "m³", "suggested_display_precision": 3, **INCREASING,
        }  # fmt: skip
    if unit is not None and unit in ENERGY_UNITS:
        return {
            "device_class": "energy", "unit_of_measurement": unit,
            "suggested_display_precision": ENERGY_UNITS[unit], **INCREASING,
        }  # fmt: skip
    return dict(INCREASING)
