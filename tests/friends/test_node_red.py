"""The Node-RED flow: core nodes alone, topics of the contract, and functions that decide as its page says."""

import json
import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.friends.examples import check_topic, example
from tests.pipeline.home import Home

pytestmark = pytest.mark.xdist_group("friends")  # one house for all

HARNESS = Path(__file__).with_name("function_node.mjs")
CORE = {
    "tab", "mqtt-broker", "mqtt in", "mqtt out", "function", "debug", "inject", "http request", "http in",
    "http response", "template",
}  # fmt: skip
NOON = datetime(2026, 6, 21, 10, tzinfo=UTC)


def _flow() -> list[dict[str, Any]]:
    return list(json.loads(example("node-red/flow.json")))


def _node(name: str) -> dict[str, Any]:
    (node,) = (node for node in _flow() if node.get("name") == name and node["type"] == "function")
    return node


def _variables() -> dict[str, str]:
    (tab,) = (node for node in _flow() if node["type"] == "tab")
    return {variable["name"]: variable["value"] for variable in tab["env"]}


def _run(name: str, payloads: Iterable[Any], **known: Any) -> list[dict[str, Any]]:
    """What a function node does with messages, by the flow's own settings."""
    if shutil.which("node") is None:
        pytest.skip("node is missing; get it by: apt install nodejs, or https://nodejs.org")
    task = {
        "func": _node(name)["func"],
        "env": _variables(),
        "messages": [{"payload": payload, "statusCode": 200} for payload in payloads],
        "known": known,
    }
    done = subprocess.run(["node", HARNESS], input=json.dumps(task), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _powers(*watts: int, every_s: int = 20) -> list[dict[str, Any]]:
    """The house's power, so many seconds apart."""
    times = (NOON + timedelta(seconds=every_s * number) for number in range(len(watts)))
    return [
        {"gateway": "home", "measured_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "power_w": power}
        for at, power in zip(times, watts, strict=True)
    ]


def _sent(answers: list[dict[str, Any]]) -> list[Any]:
    return [answer["sent"] and answer["sent"]["payload"] for answer in answers]


def test_the_flow_holds_together() -> None:
    """Every node is of Node-RED's core, every wire ends at a node, every variable used is one of the tab."""
    flow = _flow()
    nodes = {node["id"]: node for node in flow}
    assert {node["type"] for node in flow} <= CORE
    assert all(end in nodes for node in flow for wire in node.get("wires", []) for end in wire)
    used = {value[2:-1] for node in flow for value in node.values() if isinstance(value, str) and value[:2] == "${"}
    assert used <= _variables().keys()
    assert all(
        node["broker"] == "dsmr_broker" for node in flow if node["type"].startswith("mqtt ") and "broker" in node
    )


def test_what_it_subscribes_to_is_published() -> None:
    """Reading and status are topics of the contract; the relay's is not under our prefix."""
    variables = _variables()
    check_topic(variables["READING"])
    check_topic(variables["STATUS"])
    assert not variables["RELAY"].startswith("dsmr/")


def test_power_is_import_less_export(home: Home) -> None:
    """A real reading gives the power; one without power, of a heat meter say, gives nothing."""
    actual = home.actual()
    wire = {name: float(value) if not isinstance(value, str | list) else value for name, value in actual.items()}
    wire["mbus"] = wire["peak_history"] = []
    given, lacking = _run("grid power", [{**wire, "power_import_w": 0, "power_export_w": 1500}, {"gateway": "heat"}])
    assert given["sent"]["payload"] == {"gateway": "home", "measured_at": actual["measured_at"], "power_w": -1500}
    assert given["known"]["house"]["power_w"] == -1500
    assert lacking["sent"] is None


def test_today_is_asked_of_a_path_that_answers(home: Home) -> None:
    """The address asked each minute is one of the API's, and its sum is kept."""
    path = _variables()["USAGE"].removeprefix("http://localhost:8080")
    answer = home.get(path)
    assert answer is not None
    (kept,) = _run("today", [json.loads(json.dumps(answer, default=float))])
    assert kept["known"]["today"] == {name: float(value) for name, value in answer["total"].items()}


def test_a_warning_is_given_once_when_it_begins_and_once_when_it_is_over() -> None:
    """Between the limit and 5 % below nothing changes."""
    answers = _run("over the limit?", _powers(4900, 5100, 5200, 4800, 4700, 4900))
    assert [sent and sent["over"] for sent in _sent(answers)] == [None, True, None, None, False, None]


def test_the_relay_follows_a_surplus_that_lasts_a_minute() -> None:
    """On after a minute of more than 1500 W to the grid, off after a minute of more than 200 W from it."""
    powers = _powers(-1600, -1600, -1400, -1600, -1600, -1600, -1600, 300, 100, 300, 300, 300, 300)
    expected = [None] * 6 + ["on"] + [None] * 5 + ["off"]
    assert _sent(_run("solar surplus?", powers, relay="off")) == expected


def test_the_relay_is_switched_off_at_the_start() -> None:
    """Node-RED has just started and does not know what the relay does: it says off once."""
    assert _sent(_run("solar surplus?", _powers(0, 0))) == ["off", None]


def test_a_silent_gateway_switches_the_relay_off() -> None:
    """Offline is off at once, and the surplus is counted anew afterwards; online switches nothing."""
    online, offline = _run("silent?", ["online", "offline"], relay="on", since=1, house={"power_w": -2000})
    assert online["sent"] is None
    assert offline["sent"]["payload"] == "off"
    assert (offline["known"]["relay"], offline["known"]["since"], offline["known"]["house"]) == ("off", None, None)
