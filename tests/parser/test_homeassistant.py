"""What Home Assistant is told of meters, held against what it accepts."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from meterkast_contracts.asyncapi import CHANNELS
from meterkast_contracts.catalogue import CATALOGUE
from meterkast_contracts.messages import DeviceInfo, MbusKind, MbusReading, Reading
from meterkast_contracts.topics import Topics
from meterkast_parser.decode import decode
from meterkast_parser.homeassistant.components import Place
from meterkast_parser.homeassistant.discovery import GONE_AFTER, PATIENCE, Discovery
from meterkast_parser.homeassistant.traits import Language, sensor_traits
from meterkast_parser.outgoing import Outgoing
from meterkast_reader.simulator import DIALECTS, simulate

from tests.parser.homeassistant_accepts import DISCOVERY_TOPIC, complaints, suits_dashboard
from tests.parser.telegrams import BELGIAN, DSMR_5

NOON = datetime(2026, 11, 23, 11, 34, 56, tzinfo=UTC)
NEW_YEAR = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""The simulator's houses live through the year until the moment asked for."""
ZONE = ZoneInfo("Europe/Amsterdam")
INFO = DeviceInfo(
    gateway="home", source="esp01", version="2.1", started_at=NOON, uptime_s=5, signal_dbm=-52,
    commands=("restart", "identify", "update", "forget-wifi"),
)  # fmt: skip
Messages = dict[str, Any]


def discovery(language: Language = "en", *, has_value_topics: bool = True) -> Discovery:
    return Discovery("homeassistant", lambda gateway: Place(Topics(), gateway, language, has_value_topics))


def spoken() -> Discovery:
    """Return one whose gateway has said what it is."""
    teller = discovery()
    list(teller.device("home", INFO))
    return teller


def read(raw: bytes) -> Reading:
    return decode(raw, gateway="home", received_at=NOON, zone=ZONE)


@cache
def simulated(dialect: str) -> list[Reading]:
    zone = ZoneInfo(DIALECTS[dialect].zone)
    telegrams = simulate(dialect, 3, NEW_YEAR, timedelta(minutes=1), 3)
    return [decode(raw, gateway="home", received_at=at, zone=zone) for at, raw in telegrams]


def told(outgoing: Iterable[Outgoing]) -> Messages:
    """The messages by the last part of their topic; None for one that takes a device out."""
    return {one.topic.split("/")[3]: json.loads(one.payload) if one.payload else None for one in outgoing}


def first(reading: Reading, to: Discovery | None = None) -> Messages:
    """What the first readings of a gateway give; one that says nothing of itself is waited for in vain."""
    teller = to or discovery()
    later = reading.model_copy(update={"measured_at": (reading.measured_at or NOON) + PATIENCE})
    return told((*teller.messages(None, reading), *teller.messages(reading, later)))


def with_mbus(*devices: tuple[str, MbusKind, str | None], at: datetime = NOON) -> Reading:
    mbus = tuple(
        MbusReading(channel=n, kind=kind, meter_id=serial, value=Decimal("1.5"), unit="m3", measured_at=at)
        for n, (_, kind, serial) in enumerate(devices, 1)
    )
    names = {name for name, _, _ in devices}
    values = {name: Decimal("1.5") for name in names} if len(names) == len(devices) else {}
    return Reading(gateway="home", identification="X", meter_id="E1", measured_at=at, values=values, mbus=mbus)


GAS, OTHER_GAS = ("gas_m3", MbusKind.GAS, "G1"), ("gas_m3", MbusKind.GAS, "G2")


@pytest.mark.parametrize("has_value_topics", [True, False])
@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_is_accepted(dialect: str, language: Language, has_value_topics: bool) -> None:  # noqa: FBT001
    """Home Assistant knows every key, class and unit; ids are unique; topics are such as it listens to."""
    teller = discovery(language, has_value_topics=has_value_topics)
    list(teller.device("home", INFO))
    seen: Messages = {}
    previous = None
    for reading in simulated(dialect):
        outgoing = list(teller.messages(previous, reading))
        previous = reading
        assert all(DISCOVERY_TOPIC.fullmatch(one.topic.removeprefix("homeassistant/")) for one in outgoing)
        assert all(one.retain for one in outgoing)
        seen |= told(outgoing)
    assert "meter" in seen
    assert [complaint for message in seen.values() for complaint in complaints(message)] == []
    ids = [one["unique_id"] for message in seen.values() for one in message["components"].values()]
    assert len(ids) == len(set(ids))
    assert all(message["device"].get("via_device", "meterkast_home") == "meterkast_home" for message in seen.values())


def test_every_row_of_the_catalogue_is_accepted() -> None:
    """What no dialect of the simulator has would be accepted all the same."""
    values = {entry.name: 1 for entry in CATALOGUE}
    reading = Reading(gateway="home", identification="X", measured_at=NOON, values=values)
    message = first(reading)["meter"]
    assert list(complaints(message)) == []
    shown = message["components"].keys()
    assert {entry.name for entry in CATALOGUE if entry.kind != "log"} - shown == {
        "gas_m3", "water_m3", "hot_water_m3", "heat_gj", "cold_gj",  # those stand with their own meters
    }  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "key", "component", "source"),
    [
        (DSMR_5, "meter", "energy_import_t1_kwh", "grid"),
        (DSMR_5, "meter", "energy_import_t2_kwh", "grid"),
        (DSMR_5, "meter", "energy_export_t1_kwh", "grid"),
        (DSMR_5, "meter", "energy_export_t2_kwh", "grid"),
        (DSMR_5, "gas_MKTG000000001", "value", "gas"),
        (BELGIAN, "gas_7FLO2120000001", "value", "gas"),
        (BELGIAN, "water_8SAM2120000001", "value", "water"),
    ],
)
def test_the_energy_dashboard_takes_the_registers(raw: bytes, key: str, component: str, source: str) -> None:
    """Import and export per tariff, gas and water have the class, unit and state class that the dashboard asks for."""
    assert suits_dashboard(first(read(raw))[key]["components"][component], source)


def test_a_value_is_told_whole() -> None:
    """Name, class, unit, precision and place of one value, to the letter."""
    assert first(read(DSMR_5))["meter"]["components"]["energy_import_t1_kwh"] == {
        "platform": "sensor",
        "name": "Energy from the grid, tariff 1",
        "unique_id": "meterkast_home_energy_import_t1_kwh",
        "default_entity_id": "sensor.home_energy_import_t1_kwh",
        "device_class": "energy",
        "unit_of_measurement": "kWh",
        "suggested_display_precision": 3,
        "state_class": "total_increasing",
        "state_topic": "dsmr/home/value/energy_import_t1_kwh",
    }


def test_a_gateway_is_told_by_what_it_says_of_itself() -> None:
    """Signal and buttons are those of gateways that have a radio and take such orders; forgetting WiFi is no button."""
    teller = discovery()
    assert list(teller.device("home", INFO)) == []  # nothing before its first reading
    message = first(read(DSMR_5), teller)["meter"]
    buttons = {key: one["command_topic"] for key, one in message["components"].items() if one["platform"] == "button"}
    assert buttons == {name: f"dsmr/home/command/{name}" for name in ("restart", "identify", "update")}
    assert message["components"]["signal_dbm"]["device_class"] == "signal_strength"
    assert message["device"]["sw_version"] == "2.1"
    plain = first(read(DSMR_5))["meter"]["components"]
    assert "signal_dbm" not in plain
    assert "restart" not in plain


def test_a_gateway_that_has_not_spoken_is_waited_for() -> None:
    """It is told once, with what it says of itself, and not twice within a moment; nothing is waited for long."""
    teller = discovery()
    reading = read(DSMR_5)
    assert list(teller.messages(None, reading)) == []
    assert list(teller.device("home", INFO)) == []
    assert "restart" in told(teller.messages(reading, reading))["meter"]["components"]


def test_a_parser_that_starts_takes_no_entity_of_a_silent_gateway_away() -> None:
    """What an earlier run told of a gateway holds until the gateway says otherwise."""
    teller = discovery()
    (earlier, *_) = spoken().messages(None, with_mbus())
    teller.recall(earlier.topic, earlier.payload)
    assert "restart" not in first(with_mbus(), teller)["meter"]["components"]
    gone = {"platform": "sensor"}
    without_signal = INFO.model_copy(update={"signal_dbm": None})
    teller = discovery()
    teller.recall(earlier.topic, earlier.payload)
    list(teller.device("home", without_signal))
    assert first(with_mbus(), teller)["meter"]["components"]["signal_dbm"] == gone


def test_what_a_gateway_says_anew_is_told_once() -> None:
    """A new version is told, the same again is not, however its counters run."""
    teller = discovery()
    first(read(DSMR_5), teller)
    assert told(teller.device("home", INFO))["meter"]["device"]["sw_version"] == "2.1"
    assert list(teller.device("home", INFO.model_copy(update={"uptime_s": 99}))) == []


def test_nothing_is_told_of_further_readings() -> None:
    """Readings of the same shape give no message, and neither does the same shape after a missing M-Bus meter."""
    teller = discovery()
    reading = read(DSMR_5)
    first(reading, teller)
    assert list(teller.messages(reading, reading)) == []
    assert list(teller.messages(None, reading)) == []  # as a parser has it that shares telegrams with others
    silent = reading.model_copy(update={"mbus": (), "values": {"power_import_w": 5}})
    assert list(teller.messages(reading, silent)) == []
    assert list(teller.messages(silent, reading)) == []


def test_all_is_told_again_with_a_new_connection() -> None:
    """The broker may have lost what it retained."""
    teller = discovery()
    reading = read(DSMR_5)
    before = first(reading, teller)
    teller.again()
    assert first(reading, teller) == before


def test_ids_outlive_a_change_of_language() -> None:
    """Names change, ids and places do not."""
    there, here = (first(read(BELGIAN), discovery(language)) for language in ("nl", "en"))
    assert there.keys() == here.keys()
    for key, message in there.items():
        for name, one in message["components"].items():
            other = here[key]["components"][name]
            assert {**one, "name": ""} == {**other, "name": ""}
    assert there["meter"]["device"]["name"] == "Slimme meter home"
    assert here["meter"]["device"]["name"] == "Smart meter home"


def test_mbus_meters_are_known_by_serial_number_never_by_channel() -> None:
    """A meter that moves to another channel stays what it was."""
    teller = discovery()
    one = with_mbus(("gas_m3", MbusKind.GAS, "G1"), ("water_m3", MbusKind.WATER, "W1"))
    other = with_mbus(("water_m3", MbusKind.WATER, "W1"), ("gas_m3", MbusKind.GAS, "G1"))
    assert first(one, teller).keys() == {"meter", "gas_G1", "water_W1"}
    assert list(teller.messages(one, other)) == []


def test_two_meters_of_a_kind_are_found_in_the_reading() -> None:
    """Where a kind has no plain name, a template finds the meter by kind and serial number."""
    message = first(with_mbus(GAS, OTHER_GAS))["gas_G2"]["components"]["value"]
    assert message["state_topic"] == "dsmr/home/reading"
    assert message["value_template"] == (
        '{{ value_json.mbus | default([]) | selectattr("kind", \'eq\', "gas") | selectattr("meter_id", \'eq\', '
        "\"G2\") | map(attribute='value') | first | default(None) }}"
    )
    assert message["unique_id"] == "meterkast_home_gas_G2_value"


def test_a_replaced_mbus_meter_is_taken_out() -> None:
    """Its successor of the same kind is told, and its own message cleared."""
    teller = discovery()
    before, after = with_mbus(GAS), with_mbus(OTHER_GAS)
    first(before, teller)
    changes = told(teller.messages(before, after))
    assert changes["gas_G1"] is None
    assert changes["gas_G2"]["device"]["serial_number"] == "G2"


def test_an_mbus_meter_replaced_while_the_parser_was_away_is_taken_out() -> None:
    """What an earlier run told is read back from the broker."""
    earlier = {one.topic: one.payload for one in spoken().messages(None, with_mbus(GAS))}
    teller = discovery()
    assert all(teller.recall(topic, payload) for topic, payload in earlier.items())
    assert first(with_mbus(OTHER_GAS), teller)["gas_G1"] is None


def test_an_mbus_meter_that_is_absent_is_taken_out_after_a_day() -> None:
    """A meter that does not answer for an hour is no removed one."""
    teller = discovery()
    before = with_mbus(GAS)
    first(before, teller)
    steps = [with_mbus(at=NOON + passed) for passed in (timedelta(seconds=1), timedelta(hours=23), GONE_AFTER * 1.1)]
    changes = [told(teller.messages(a, b)) for a, b in zip([before, *steps], steps, strict=False)]
    assert changes == [{}, {}, {"gas_G1": None}]


def test_a_meter_keeps_what_it_sends_by_turns() -> None:
    """A telegram that lacks a value takes no entity away; another meter's does."""
    teller = discovery()
    both = Reading(
        gateway="home", identification="X", meter_id="E1", measured_at=NOON, values={"tariff": 1, "ean": "1"}
    )
    one = both.model_copy(update={"values": {"tariff": 1}})
    replaced = one.model_copy(update={"meter_id": "E2"})
    first(both, teller)
    assert list(teller.messages(both, one)) == []
    assert told(teller.messages(one, replaced))["meter"]["components"]["ean"] == {"platform": "sensor"}


def test_another_programs_messages_are_left_alone() -> None:
    """Only what this installation told is its to take back."""
    teller = discovery()
    (mine, *_) = spoken().messages(None, with_mbus())
    assert not teller.recall("homeassistant/device/zigbee/lamp/config", b'{"origin": {"name": "Zigbee2MQTT"}}')
    assert not teller.recall(mine.topic, b"no JSON")
    assert not teller.recall(mine.topic, mine.payload.replace(b"dsmr/home", b"other/home"))
    assert teller.recall(mine.topic, mine.payload)


def test_the_contract_lists_the_topic() -> None:
    """AsyncAPI tells the topic that is written."""
    (address,) = (channel.address for channel in CHANNELS if channel.name == "discovery")
    (mine, *_) = spoken().messages(None, with_mbus())
    assert mine.topic == address.format(gateway="home", meter="meter")


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_registers_only_increase(entry: Any) -> None:
    """A register is total_increasing, which sees a new meter as a new cycle; only what nets may fall."""
    state_class = sensor_traits(entry).get("state_class")
    assert (state_class == "total_increasing") is (entry.kind == "register" and entry.name != "energy_net_kwh")
