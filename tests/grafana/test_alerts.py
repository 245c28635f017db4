"""Alert rules fire when they should and only then, by their own queries on a real InfluxDB."""

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from meterkast_store import Batch, HistoryStore, Sample, Vital

from tests.databases import DatabaseServer
from tests.grafana.boards import FOLDER, dashboards
from tests.grafana.conftest import ONE_WORKER, store_at
from tests.grafana.houses import Database

RULES = {
    rule["uid"].removeprefix("meterkast-"): rule
    for group in yaml.safe_load((FOLDER / "provisioning/alerting/rules.yaml").read_text())["groups"]
    for rule in group["rules"]
}
pytestmark = ONE_WORKER
each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
MINUTE = timedelta(minutes=1)
FIRES: dict[str, Callable[[float, list[float]], bool]] = {
    "gt": lambda value, limits: value > limits[0],
    "lt": lambda value, limits: value < limits[0],
    "outside_range": lambda value, limits: not limits[0] <= value <= limits[1],
}
CLAUSES = {"A": 0.0, "B": 0.0}


def firing(rule: dict[str, Any], database: Database) -> set[str]:
    """The gateways for which a rule's condition holds, worked out step by step as Grafana does."""
    series: dict[str, dict[str, float]] = {}
    for step in rule["data"]:
        model, ref = step["model"], step["refId"]
        match model.get("type"):
            case None:
                found = database.ask(step["datasourceUid"], model["query"])
                series[ref] = {one["tags"]["gateway"]: one["values"][-1][1] for one in found}
            case "reduce":
                assert model["reducer"] == "last"
                series[ref] = series[model["expression"]]
            case "math":
                used = [series[name] for name in re.findall(r"\$(\w+)", model["expression"])]
                text = re.sub(r"\$(\w+)", r"\1", model["expression"])
                common = set.intersection(*map(set, used))
                series[ref] = {g: eval(text, {name: series[name].get(g) for name in CLAUSES}) for g in common}
            case "threshold":
                (condition,) = model["conditions"]
                fires = FIRES[condition["evaluator"]["type"]]
                limits = condition["evaluator"]["params"]
                series[ref] = {g: float(fires(v, limits)) for g, v in series[model["expression"]].items()}
    return {gateway for gateway, verdict in series[rule["condition"]].items() if verdict}


def voltages(gateway: str, *volts: float, phase: int = 1) -> list[Sample]:
    """One reading a minute until now."""
    now = datetime.now(UTC)
    return [
        Sample(gateway, f"E-{gateway}", now - place * MINUTE, gauges={f"voltage_l{phase}_v": value})
        for place, value in reversed(list(enumerate(volts)))
    ]


def demand(gateway: str, running_w: int, peak_w: int) -> list[Sample]:
    """A house that had its highest peak three weeks ago, and this running demand now."""
    now, meter = datetime.now(UTC), f"E-{gateway}"
    then = Sample(gateway, meter, now - timedelta(days=21), gauges={"peak_import_w": peak_w, "demand_import_w": 90})
    return [then, Sample(gateway, meter, now, gauges={"peak_import_w": peak_w // 2, "demand_import_w": running_w})]


def told(gateway: str, figure: str, *values: int) -> list[Vital]:
    """One word a minute until now."""
    now = datetime.now(UTC)
    return [Vital(gateway, now - place * MINUTE, {figure: value}) for place, value in enumerate(reversed(values))]


def troubles() -> dict[str, tuple[Batch, set[str]]]:
    """By rule: what happened, and at which gateways it must fire."""
    steady, high, low = [230.0] * 9, [254.2] * 9, [201.5] * 9
    voltage = {
        f"voltage-l{phase}": (
            Batch(samples=[
                *voltages(f"normal{phase}", *steady, phase=phase), *voltages(f"high{phase}", *high, phase=phase),
                *voltages(f"low{phase}", *low, phase=phase), *voltages(f"spike{phase}", *steady[:-1], 262, phase=phase),
            ]),
            {f"high{phase}", f"low{phase}"},
        )
        for phase in (1, 2, 3)
    }  # fmt: skip
    silent = [
        *told("talking", "silent_s", 4, 64),
        *told("silent", "silent_s", 640, 700),
        *told("back", "silent_s", 900, 3),
    ]
    damaged = [
        *told("noisy", "crc_errors", *range(100, 112)), *told("fine", "crc_errors", *[100] * 12),
        *told("restarted", "crc_errors", 900, 900, 0, 2, 3),
    ]  # fmt: skip
    peaks = [
        *demand("near", 3700, 4000), *demand("beyond", 4200, 4000), *demand("calm", 3000, 4000),
        *demand("small", 2400, 2300),
    ]  # fmt: skip
    return {
        "silent": (Batch(devices=silent), {"silent"}),
        "crc": (Batch(devices=damaged), {"noisy"}),
        **voltage,
        "peak": (Batch(samples=peaks), {"near", "beyond"}),
    }


@pytest.fixture
def troubled(server: DatabaseServer, tmp_path: Path) -> Iterator[tuple[HistoryStore, Database]]:
    """Give an empty history, and the same as Grafana sees it."""
    name = f"d{uuid.uuid4().hex}"
    database = Database(server.url, name)
    yield store_at(server, tmp_path, name), database
    database.close()


async def test_each_rule_fires_when_it_should_and_only_then(troubled: tuple[HistoryStore, Database]) -> None:
    """A rule names the gateways in trouble and no other; where nothing is known it names none."""
    history, database = troubled
    happened = troubles()
    assert happened.keys() == RULES.keys()
    async with history as store:
        assert not any(firing(rule, database) for rule in RULES.values())
        for batch, _ in happened.values():
            await store.write(batch)
    assert {name: firing(rule, database) for name, rule in RULES.items()} == {
        n: due for n, (_, due) in happened.items()
    }


@each_rule
def test_a_rule_says_what_to_do(rule: dict[str, Any]) -> None:
    """Each rule has a summary that names the gateway, tells what to do, and leads to a dashboard that is there."""
    texts = rule["annotations"]
    assert "{{ .Labels.gateway }}" in texts["summary"]
    assert len(texts["description"]) > 100
    assert texts["description"].endswith(".")
    assert texts["dashboard"].removeprefix("/d/") in {board["uid"] for board in dashboards().values()}
    assert "$" not in str(texts), "Grafana takes a dollar in a provisioned sentence for a variable of its environment"


@each_rule
def test_a_rule_is_whole(rule: dict[str, Any]) -> None:
    """Its condition is one of its steps, its times are sane, and silence of all is the trouble of one rule only."""
    assert rule["condition"] in {step["refId"] for step in rule["data"]}
    assert rule["for"] in {"0s", "5m", "10m"}
    assert (rule["noDataState"] == "Alerting") == (rule["uid"] == "meterkast-silent")
    assert rule["execErrState"] == "Error"
    assert rule["labels"]["severity"] in {"warning", "critical"}
