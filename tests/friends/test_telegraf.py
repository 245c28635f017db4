"""Telegraf's files name what there is, and keep what there is exactly."""

import ast
import re
import tomllib
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, get_origin

from meterkast_contracts.catalogue import BY_NAME, DATABASE_SHIFT, UNITS, Entry, Kind, Quantity, Type
from meterkast_contracts.messages import Reading

from tests.friends.examples import check_topic, example

FILES = ("reading.conf", "values.conf", "outputs.conf")
LISTS = (tuple, dict, list)


def _conf(name: str) -> dict[str, Any]:
    return tomllib.loads(example(f"telegraf/{name}"))


def _input(name: str) -> dict[str, Any]:
    (consumer,) = _conf(name)["inputs"]["mqtt_consumer"]
    return dict(consumer)


def _exact() -> dict[str, tuple[str, int]]:
    (starlark,) = _conf("reading.conf")["processors"]["starlark"]
    table = re.search(r"EXACT = (\{.*?\n\})", starlark["source"], re.DOTALL)
    assert table is not None
    return dict(ast.literal_eval(table[1]))


def test_every_topic_is_one_of_the_contract() -> None:
    """What is subscribed to is published."""
    for name in ("reading.conf", "values.conf"):
        consumer = _input(name)
        for topic in consumer["topics"]:
            check_topic(topic)
        for parsing in consumer["topic_parsing"]:
            check_topic(parsing["topic"])
            assert parsing["tags"].split("/")[1] == "gateway"


def test_a_point_stands_at_the_readings_own_time_and_meter() -> None:
    """Time and tag are members of a reading, and every list is left out, or Telegraf would forget the time."""
    (members,) = _input("reading.conf")["json_v2"][0]["object"]
    reading = Reading.model_fields
    assert members["timestamp_key"] in reading
    assert set(members["tags"]) <= reading.keys()
    lists = {
        name
        for name, field in reading.items()
        if name != "values" and (get_origin(field.annotation) or field.annotation) in LISTS
    }
    assert lists >= {"mbus", "peak_history", "power_failure_log", "other", "warnings"}
    assert lists <= set(members["excluded_keys"])


def _measured(entry: Entry) -> bool:
    return entry.quantity not in (Quantity.NONE, Quantity.COUNT, Quantity.DURATION, Quantity.POWER_FACTOR)


def test_every_measured_value_of_the_catalogue_comes_along() -> None:
    """The patterns by unit take each value with a unit, and no text or time."""
    patterns = _input("reading.conf")["fieldinclude"]
    exact = _exact()
    for name, entry in BY_NAME.items():
        kept = _kept_as(name, exact) if entry.kind is Kind.REGISTER else name
        taken = any(fnmatchcase(kept, pattern) for pattern in patterns)
        came = any(fnmatchcase(name, pattern) for pattern in patterns)
        if _measured(entry):
            assert (taken, came) == (True, True), name
        if entry.type in (Type.OCTETS, Type.PLAIN, Type.TIMESTAMP) and entry.kind is Kind.TEXT:
            assert not came, name
    assert not any(fnmatchcase("measured_at", pattern) for pattern in patterns)


def _kept_as(name: str, exact: dict[str, tuple[str, int]]) -> str:
    """The name under which a register is kept."""
    for ending, (unit, _) in exact.items():
        if name.endswith(ending):
            return name.removesuffix(ending) + unit
    return name


def test_registers_are_kept_as_integers_of_the_same_units_as_in_our_database() -> None:
    """Each unit of a register becomes the database's, by the same power of ten."""
    ours = {
        f"_{UNITS[quantity][0].lower()}": (f"_{unit}", 10**shift) for quantity, (unit, shift) in DATABASE_SHIFT.items()
    }
    assert _exact() == ours


def test_a_register_of_any_size_comes_out_exact() -> None:
    """Rounding the binary float to the smallest unit gives what the meter shows, up to the largest dial."""
    for shown in ("0.001", "4086.966", "999999.999", "0.289", "10255.457"):
        assert int(float(shown) * 1000 + 0.5) == Decimal(shown) * 1000


def test_every_processor_and_output_takes_our_measurements_alone() -> None:
    """Nothing else that runs in the same Telegraf is touched, or sent elsewhere."""
    ours = {_input("reading.conf")["name_override"], _input("values.conf")["name_override"]}
    for name in FILES:
        conf = _conf(name)
        for group in ("processors", "outputs"):
            for plugins in conf.get(group, {}).values():
                assert all(set(plugin["namepass"]) <= ours for plugin in plugins)


def test_the_time_is_written_as_it_is_said_to_be() -> None:
    """`rfc3339` is how a reading's time is written."""
    (members,) = _input("reading.conf")["json_v2"][0]["object"]
    assert members["timestamp_format"] == "rfc3339"
    text = Reading(
        gateway="a", identification="b", measured_at=datetime.fromisoformat("2026-01-01T00:00:00Z")
    ).to_json()
    assert b'"measured_at":"2026-01-01T00:00:00Z"' in text
