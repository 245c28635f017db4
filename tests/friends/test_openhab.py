"""openHAB's files name what there is, with its unit, and fit together."""

import re

from tests.friends.examples import check_topic, example

CHANNEL = re.compile(r'Type (\w+) : (\w+)\s+"[^"]+"\s+\[ (.+) \]')
ITEM = re.compile(r'^(\w+)(?::(\w+))?\s+(\w+)\s+"[^"]*".*\{ channel="([^"]+)"(?:, unit="([^"]+)")? \}$', re.MULTILINE)
PARAMETER = re.compile(r'(\w+)="([^"]*)"')
UNITS = {"m3": "m³"}
DIMENSIONS = {
    "W": "Power", "kWh": "Energy", "V": "ElectricPotential", "A": "ElectricCurrent", "m³": "Volume", None: None
}  # fmt: skip


def _channels() -> dict[str, tuple[str, dict[str, str]]]:
    found = CHANNEL.findall(example("openhab/meterkast.things"))
    return {name: (kind, dict(PARAMETER.findall(parameters))) for kind, name, parameters in found}


def test_every_channel_reads_a_topic_of_the_contract_in_its_unit() -> None:
    """Names are the catalogue's, and the unit is that of the value, as openHAB writes it."""
    channels = _channels()
    assert len(channels) == example("openhab/meterkast.things").count("Type ")
    for kind, parameters in channels.values():
        entry = check_topic(parameters["stateTopic"])
        unit = "" if entry is None else entry.unit
        assert parameters.get("unit", "") == UNITS.get(unit, unit)
        assert kind == ("string" if entry is None else "number")


def test_the_thing_is_there_while_its_gateway_is() -> None:
    """Availability follows the gateway's status, by its two words."""
    things = example("openhab/meterkast.things")
    (parameters,) = (dict(PARAMETER.findall(line)) for line in things.splitlines() if "availabilityTopic" in line)
    check_topic(parameters["availabilityTopic"])
    assert (parameters["payloadAvailable"], parameters["payloadNotAvailable"]) == ("online", "offline")


def test_every_item_has_a_channel_and_its_unit() -> None:
    """An item's channel is one of the thing, its dimension that of the unit."""
    channels, items = _channels(), ITEM.findall(example("openhab/meterkast.items"))
    assert len(items) == example("openhab/meterkast.items").count("channel=")
    for kind, dimension, _, channel, unit in items:
        binding, thing_type, bridge, thing, name = channel.split(":")
        assert (binding, thing_type, bridge, thing) == ("mqtt", "topic", "meterkast", "home")
        channel_kind, parameters = channels[name]
        assert unit == parameters.get("unit", "")
        assert (dimension or None) == DIMENSIONS[unit or None]
        assert kind.lower() == channel_kind
    assert sorted(channel.rpartition(":")[2] for _, _, _, channel, _ in items) == sorted(channels)


def test_the_sitemap_shows_items_that_exist() -> None:
    """Each element's item stands in the items file."""
    names = {name for _, _, name, _, _ in ITEM.findall(example("openhab/meterkast.items"))}
    shown = re.findall(r"item=(\w+)", example("openhab/meterkast.sitemap"))
    assert shown
    assert set(shown) <= names
