"""What Home Assistant accepts in MQTT discovery by device: its own tables, and how a message is held against them.

Source: Home Assistant 2025.4.4, components/mqtt (schemas.py, sensor.py, binary_sensor.py, button.py), components/sensor
(const.py: DEVICE_CLASS_UNITS, DEVICE_CLASS_STATE_CLASSES), components/button, components/energy (validate.py). The key
`default_entity_id` is that of 2025.10 and later; earlier versions remove keys that they do not know.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

DISCOVERY_TOPIC = re.compile(r"\w+/(?:[a-zA-Z0-9_-]+/)?[a-zA-Z0-9_-]+/config")
TOP = frozenset({"availability", "availability_mode", "availability_template", "availability_topic", "command_topic",
                 "components", "device", "encoding", "origin", "payload_available", "payload_not_available", "qos",
                 "state_topic"})  # fmt: skip
DEVICE = frozenset({"configuration_url", "connections", "hw_version", "identifiers", "manufacturer", "model",
                    "model_id", "name", "serial_number", "suggested_area", "sw_version", "via_device"})  # fmt: skip
ORIGIN = frozenset({"name", "support_url", "sw_version"})
_ENTITY = frozenset({"availability", "availability_mode", "availability_template", "availability_topic",
                     "default_entity_id", "device_class", "enabled_by_default", "encoding", "entity_category",
                     "entity_picture", "icon", "json_attributes_template", "json_attributes_topic", "name",
                     "payload_available", "payload_not_available", "platform", "qos", "unique_id"})  # fmt: skip
KEYS = {
    "sensor": _ENTITY | {"expire_after", "force_update", "last_reset_value_template", "options", "state_class",
                         "state_topic", "suggested_display_precision", "unit_of_measurement", "value_template"},
    "binary_sensor": _ENTITY | {"expire_after", "force_update", "off_delay", "payload_off", "payload_on", "state_topic",
                                "value_template"},
    "button": _ENTITY | {"command_template", "command_topic", "payload_press", "retain"},
}  # fmt: skip
REQUIRED = {"sensor": "state_topic", "binary_sensor": "state_topic", "button": "command_topic"}
CATEGORIES = {"sensor": {"diagnostic"}, "binary_sensor": {"diagnostic"}, "button": {"config", "diagnostic"}}
_TOTALS, _MEASUREMENT = frozenset({"total", "total_increasing"}), frozenset({"measurement"})
SENSOR_CLASSES: Mapping[str, tuple[frozenset[str | None], frozenset[str]]] = {
    "energy": (frozenset({"GJ", "GWh", "Gcal", "J", "MJ", "MWh", "Mcal", "TWh", "Wh", "cal", "kJ", "kWh", "kcal",
                          "mWh"}), _TOTALS),
    "gas": (frozenset({"CCF", "ft³", "m³"}), _TOTALS),
    "water": (frozenset({"CCF", "L", "ft³", "gal", "m³"}), _TOTALS),
    "volume": (frozenset({"CCF", "L", "fl. oz.", "ft³", "gal", "mL", "m³"}), _TOTALS),
    "power": (frozenset({"GW", "MW", "TW", "W", "kW", "mW"}), _MEASUREMENT),
    "reactive_power": (frozenset({"var"}), _MEASUREMENT),
    "apparent_power": (frozenset({"VA"}), _MEASUREMENT),
    "power_factor": (frozenset({"%", None}), _MEASUREMENT),
    "voltage": (frozenset({"MV", "V", "kV", "mV", "µV"}), _MEASUREMENT),
    "current": (frozenset({"A", "mA"}), _MEASUREMENT),
    "frequency": (frozenset({"GHz", "Hz", "MHz", "kHz"}), _MEASUREMENT),
    "duration": (frozenset({"d", "h", "min", "ms", "s", "μs"}), _TOTALS | _MEASUREMENT),
    "signal_strength": (frozenset({"dB", "dBm"}), _MEASUREMENT),
    "temperature": (frozenset({"K", "°C", "°F"}), _MEASUREMENT),
    "volume_flow_rate": (frozenset({"L/min", "ft³/min", "gal/min", "mL/s", "m³/h"}), _MEASUREMENT),
    "timestamp": (frozenset({None}), frozenset()),
}  # fmt: skip
OTHER_CLASSES = {"binary_sensor": {"connectivity"}, "button": {"identify", "restart", "update"}}
DASHBOARD = {
    "grid": {"energy": {"GJ", "kWh", "MJ", "MWh", "Wh"}},
    "gas": {"energy": {"GJ", "kWh", "MJ", "MWh", "Wh"}, "gas": {"CCF", "ft³", "m³"}},
    "water": {"water": {"CCF", "ft³", "m³", "gal", "L"}},
}
"""Device classes and units that the energy dashboard takes for each kind of source."""

Component = dict[str, Any]


def complaints(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield what Home Assistant would not accept in a message."""
    yield from (f"unknown key {key}" for key in message.keys() - TOP)
    yield from (f"unknown device key {key}" for key in message["device"].keys() - DEVICE)
    yield from (f"unknown origin key {key}" for key in message["origin"].keys() - ORIGIN)
    if not message["device"]["identifiers"] or "name" not in message["origin"]:
        yield "a device needs an identifier, and an origin a name"
    for key, component in message["components"].items():
        yield from (f"{key}: {complaint}" for complaint in _component(component))


def _component(component: Component) -> Iterator[str]:
    platform = component["platform"]
    if platform not in KEYS:
        yield f"no platform {platform}"
        return
    if component.keys() == {"platform"}:
        return
    yield from (f"unknown key {key}" for key in component.keys() - KEYS[platform])
    yield from (f"lacks {key}" for key in {REQUIRED[platform], "unique_id", "name"} - component.keys())
    yield from (f"{key} is null" for key, value in component.items() if value is None)
    if not re.fullmatch(platform + r"\.[a-z0-9]+(_[a-z0-9]+)*", component["default_entity_id"]):
        yield f"no entity id: {component['default_entity_id']}"
    if component.get("entity_category", "diagnostic") not in CATEGORIES[platform]:
        yield "entity_category"
    device_class = component.get("device_class")
    if platform == "sensor":
        yield from _sensor(component, device_class)
    elif device_class not in OTHER_CLASSES[platform]:
        yield f"no device class {device_class}"


def _sensor(component: Component, device_class: str | None) -> Iterator[str]:
    state_class, unit = component.get("state_class"), component.get("unit_of_measurement")
    if state_class not in (None, *_TOTALS, *_MEASUREMENT):
        yield f"no state class {state_class}"
    if device_class is None:
        return
    if device_class not in SENSOR_CLASSES:
        yield f"no device class {device_class}"
        return
    units, state_classes = SENSOR_CLASSES[device_class]
    if unit not in units:
        yield f"{unit} is no unit of {device_class}"
    if state_class is not None and state_class not in state_classes:
        yield f"{state_class} is no state class of {device_class}"


def suits_dashboard(component: Component, source: str) -> bool:
    """Whether the energy dashboard takes an entity as a source of this kind."""
    units = DASHBOARD[source].get(component.get("device_class", ""), set())
    return component.get("unit_of_measurement") in units and component.get("state_class") in _TOTALS
