"""The entities of a device in Home Assistant: one component of the discovery message each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from meterkast_contracts.catalogue import BY_NAME, Kind
from meterkast_contracts.topics import OFFLINE, ONLINE, Topics

from meterkast_parser.homeassistant.shape import GatewayShape, MbusShape, MeterShape
from meterkast_parser.homeassistant.traits import (
    BUTTONS,
    CONNECTION,
    DIAGNOSTIC,
    DIAL,
    EXTRAS,
    HIDDEN,
    LONGEST_STATE,
    MEASURED_AT,
    MEASUREMENT,
    PEAK_TIME,
    SIGNAL,
    STARTED,
    TIMES,
    TIMESTAMP,
    VALVE,
    Language,
    Traits,
    mbus_traits,
    said,
    sensor_traits,
)

Component = dict[str, Any]
_NODE = "meterkast_"
GATEWAY_KEYS = frozenset({"started_at", "signal_dbm", *BUTTONS})
"""Entities that depend on what the gateway says of itself."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a gateway's values stand, and in which language its entities are named."""

    topics: Topics
    gateway: str
    language: Language
    has_value_topics: bool = True

    @property
    def node(self) -> str:
        """The gateway in discovery topics and unique ids, which no change of language or meter touches."""
        return f"{_NODE}{self.gateway}"

    def entity(self, platform: str, key: str, name: str, traits: Traits, *, owner: str = "") -> Component:
        """Return a component; `key` is the last part of its unique id and of its first entity id."""
        of = f"{owner}_" if owner else ""
        return {
            "platform": platform,
            "name": name,
            "unique_id": f"{self.node}_{of}{key}",
            "default_entity_id": f"{platform}.{self.gateway}_{key}".lower().replace("-", "_"),
            **traits,
        }

    def value(self, name: str) -> Component:
        """Return where a value of the reading stands: on a topic of its own, else in the reading."""
        if self.has_value_topics:
            return {"state_topic": self.topics.value(self.gateway, name)}
        template = f"{{{{ value_json.{name} | default(None) }}}}"
        return {"state_topic": self.topics.reading(self.gateway), "value_template": template}


def gateway_of(node: str) -> str | None:
    """Return whose node it is in a discovery topic, None for another program's."""
    return node.removeprefix(_NODE) if node.startswith(_NODE) else None


def meter_components(shape: MeterShape, place: Place) -> Iterator[tuple[str, Component]]:
    """Yield the entities of an electricity meter, by name."""
    for name in sorted(shape.names):
        if name in TIMES:
            words, hidden = (PEAK_TIME, {}) if name != "measured_at" else (MEASURED_AT, HIDDEN)
            traits = {**TIMESTAMP, **hidden, **place.value(name)}
            yield name, place.entity("sensor", name, said(words, place.language), traits)
        elif (entry := BY_NAME.get(name)) is not None:
            traits = {**sensor_traits(entry), **place.value(name)}
            if entry.kind is Kind.TEXT and place.has_value_topics:
                traits["value_template"] = f"{{{{ value[:{LONGEST_STATE}] }}}}"
            yield name, place.entity("sensor", name, said((entry.label_en, entry.label_nl), place.language), traits)


def gateway_components(shape: GatewayShape, place: Place) -> Iterator[tuple[str, Component]]:
    """Yield the entities of the gateway itself, by name."""
    told = place.topics.device(place.gateway)
    traits: Traits = {
        "device_class": "connectivity", **DIAGNOSTIC, "state_topic": place.topics.status(place.gateway),
        "payload_on": ONLINE.decode(), "payload_off": OFFLINE.decode(), "availability": [],
    }  # fmt: skip
    yield "status", place.entity("binary_sensor", "status", said(CONNECTION, place.language), traits)
    if shape.version is not None:
        template = "{{ value_json.started_at | default(None) }}"
        traits = {**TIMESTAMP, "state_topic": told, "value_template": template}
        yield "started_at", place.entity("sensor", "started_at", said(STARTED, place.language), traits)
    if shape.has_signal:
        traits = {
            "device_class": "signal_strength", "unit_of_measurement": "dBm", **MEASUREMENT, **DIAGNOSTIC,
            "state_topic": told, "value_template": "{{ value_json.signal_dbm | default(None) }}",
        }  # fmt: skip
        yield "signal_dbm", place.entity("sensor", "signal_dbm", said(SIGNAL, place.language), traits)
    for command, (en, nl, traits_of) in BUTTONS.items():
        if command in shape.commands:
            topic = place.topics.command(place.gateway, command)
            traits = {**traits_of, "command_topic": topic, "payload_press": "", "qos": 1}
            yield command, place.entity("button", command, said((en, nl), place.language), traits)


def mbus_components(shape: MbusShape, place: Place) -> Iterator[tuple[str, Component]]:
    """Yield the entities of one M-Bus meter, found in the reading by kind and serial number."""

    def entity(key: str, suffix: str, words: tuple[str, str], traits: Traits) -> tuple[str, Component]:
        full = f"{shape.kind.value}_{suffix}"
        component = place.entity("sensor", full, said(words, place.language), traits, owner=shape.key)
        return key, {**component, "unique_id": f"{place.node}_{shape.key}_{key}"}

    reading = place.topics.reading(place.gateway)
    plain = (
        place.value(shape.name) if shape.name else {"state_topic": reading, "value_template": _found(shape, "value")}
    )
    unit = (shape.unit or "value").lower()
    yield entity("value", unit, DIAL, {**mbus_traits(shape.kind, shape.unit), **plain})
    for name in sorted(shape.extras & EXTRAS.keys()):
        en, nl, traits = EXTRAS[name]
        at = {"state_topic": reading, "value_template": _found(shape, "extra", name)}
        yield entity(name, name, (en, nl), {**traits, **MEASUREMENT, **at})
    if shape.has_time:
        at = {"state_topic": reading, "value_template": _found(shape, "measured_at")}
        yield entity("measured_at", "measured_at", MEASURED_AT, {**TIMESTAMP, **HIDDEN, **at})
    if shape.has_valve:
        at = {"state_topic": reading, "value_template": _found(shape, "valve")}
        yield entity("valve", "valve", VALVE, {**DIAGNOSTIC, **at})


def _found(shape: MbusShape, *path: str) -> str:
    """Return the template that finds something of this meter in the reading, whichever channel it has."""
    wanted = {"kind": shape.kind.value, "meter_id": shape.meter_id}
    tests = "".join(
        f" | selectattr({json.dumps(key)}, 'eq', {json.dumps(text, ensure_ascii=False)})"
        for key, text in wanted.items()
        if text is not None
    )
    return f"{{{{ value_json.mbus | default([]){tests} | map(attribute='{'.'.join(path)}') | first | default(None) }}}}"
