"""The discovery messages: one per meter, with all its entities."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import orjson

from meterkast_parser.homeassistant.components import (
    GATEWAY_KEYS,
    Component,
    Place,
    gateway_components,
    mbus_components,
    meter_components,
)
from meterkast_parser.homeassistant.shape import GatewayShape, MbusShape, MeterShape
from meterkast_parser.homeassistant.traits import MBUS, SMART_METER, said

METER = "meter"
"""The object id of the device that is gateway and electricity meter."""
Platforms = Mapping[str, str]
"""The platform, `sensor` or another, of each entity by its key."""
ORIGIN = {"name": "Meterkast", "sw_version": metadata.version("meterkast-parser")}


@dataclass(frozen=True, slots=True)
class Device:
    """A discovery message, and the entities in it."""

    payload: bytes
    platforms: Platforms


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a message of an earlier run tells: whose it was, and which entities it held."""

    meter_id: str | None
    platforms: Platforms


def topic(prefix: str, node: str, key: str) -> str:
    """Return the discovery topic of a device; `+` for the key makes the filter of all of a gateway's."""
    return f"{prefix}/device/{node}/{key}/config"


def meter_device(meter: MeterShape, gateway: GatewayShape, place: Place, known: Platforms) -> Device:
    """Return the device that is gateway and electricity meter; what was `known` of it and is no more is taken out."""
    about = {
        "identifiers": [place.node],
        "name": f"{said(SMART_METER, place.language)} {place.gateway}",
        "model": meter.identification,
        "serial_number": meter.meter_id,
        "sw_version": gateway.version,
    }
    components = {**dict(meter_components(meter, place)), **dict(gateway_components(gateway, place))}
    if gateway.version is None:  # it has not spoken yet, and may still have all that it had
        known = {key: platform for key, platform in known.items() if key not in GATEWAY_KEYS}
    return _device(about, components, place, known)


def mbus_device(shape: MbusShape, place: Place, known: Platforms) -> Device:
    """Return the device of an M-Bus meter."""
    words = MBUS[shape.kind]
    about = {
        "identifiers": [f"{place.node}_{shape.key}"],
        "name": f"{said((words.en, words.nl), place.language)} {place.gateway}",
        "serial_number": shape.meter_id,
        "via_device": place.node,
    }
    return _device(about, dict(mbus_components(shape, place)), place, known)


def _device(about: dict[str, Any], components: dict[str, Component], place: Place, known: Platforms) -> Device:
    removals = {key: {"platform": platform} for key, platform in known.items() if key not in components}
    message = {
        "device": {key: value for key, value in about.items() if value is not None},
        "origin": ORIGIN,
        "availability": [{"topic": place.topics.status(place.gateway)}],
        "components": {**components, **removals},
    }
    return Device(orjson.dumps(message), {key: component["platform"] for key, component in components.items()})


def recalled(payload: bytes, place: Place) -> Recalled | None:
    """Read a message back that an earlier run left, None for one that is not of this gateway and of us."""
    try:
        message = orjson.loads(payload)
        ours = message["origin"]["name"] == ORIGIN["name"]
        ours &= message["availability"] == [{"topic": place.topics.status(place.gateway)}]
        platforms = {key: str(each["platform"]) for key, each in message["components"].items() if len(each) > 1}
        return Recalled(message["device"].get("serial_number"), platforms) if ours else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
