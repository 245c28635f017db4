"""evcc's files read what there is, and get from every meter what it says."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
import yaml
from meterkast_parser.decode import decode
from meterkast_reader.simulator import DIALECTS, Meter

from tests.friends.examples import check_topic, example
from tests.pipeline.dial import ZONE

NOON = datetime(2026, 6, 21, 10, tzinfo=UTC)
WITHOUT_PHASES = {"nl-dsmr22", "nl-dsmr3", "be-emucs-14", "hu", "at", "de-q3d"}
WITHOUT_ELECTRICITY = {"heat-warmtelink"}


def _grid() -> dict[str, Any]:
    (meter,) = yaml.safe_load(example("evcc/mqtt.yaml"))["meters"]
    return dict(meter)


def _sources() -> Iterator[dict[str, str]]:
    grid = _grid()
    yield from (grid["power"], grid["energy"], *grid["currents"], *grid["powers"])


@cache
def _readings() -> list[tuple[str, dict[str, Any]]]:
    """A reading of each dialect's house at noon in June."""
    found = []
    for dialect in sorted(DIALECTS):
        meter = Meter(dialect, 3, starts=NOON)
        raw = next(raw for second in range(60) if (raw := meter.telegram(int(NOON.timestamp()) + second)))
        payload = decode(raw, gateway="home", received_at=NOON, zone=ZONE).to_json()
        found.append((dialect, json.loads(payload, parse_float=Decimal)))
    return found


def _jq(query: str, readings: list[dict[str, Any]]) -> list[Decimal | None]:
    program = shutil.which("jq")
    if program is None:
        pytest.skip("jq is missing; get it by: apt install jq, or brew install jq")
    lines = "\n".join(json.dumps(reading, default=float) for reading in readings)
    command = [program, "-c", f"try ({query}) catch null"]
    asked = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line, parse_float=Decimal) for line in asked.stdout.splitlines()]


def test_every_source_is_a_reading_by_mqtt_with_a_timeout() -> None:
    """All values come from whole readings, so that silence is noticed."""
    for source in _sources():
        check_topic(source["topic"])
        assert (source["source"], source["topic"], source["timeout"]) == ("mqtt", "dsmr/home/reading", "30s")


def test_power_and_energy_of_every_meter_are_what_it_says() -> None:
    """From each dialect with electricity: import less export, and all that was taken from the grid."""
    readings = [(name, reading) for name, reading in _readings() if name not in WITHOUT_ELECTRICITY]
    grid = _grid()
    powers = _jq(grid["power"]["jq"], [reading for _, reading in readings])
    energies = _jq(grid["energy"]["jq"], [reading for _, reading in readings])
    exports = 0
    for (dialect, reading), power, energy in zip(readings, powers, energies, strict=True):
        assert power == reading["power_import_w"] - reading.get("power_export_w", 0), dialect
        tariffs = sum(reading.get(f"energy_import_t{tariff}_kwh", 0) for tariff in (1, 2))
        assert energy is not None
        assert abs(energy - reading.get("energy_import_kwh", tariffs)) < Decimal("1e-9"), dialect
        exports += power < 0
    assert exports, "none of the houses gives anything to the grid at noon in June"


def test_currents_and_powers_of_phases_are_the_meters_where_it_gives_them() -> None:
    """A phase's power is import less export, its current as the meter shows it; a meter without them gives nothing."""
    readings = [(name, reading) for name, reading in _readings() if name not in WITHOUT_ELECTRICITY]
    whole = [reading for _, reading in readings]
    for index, phase in enumerate(("l1", "l2", "l3")):
        currents = _jq(_grid()["currents"][index]["jq"], whole)
        powers = _jq(_grid()["powers"][index]["jq"], whole)
        for (dialect, reading), current, power in zip(readings, currents, powers, strict=True):
            if dialect in WITHOUT_PHASES:
                continue
            assert current == reading[f"current_{phase}_a"], dialect
            taken, given = (reading.get(f"power_{way}_{phase}_w", 0) for way in ("import", "export"))
            assert power == taken - given, dialect


def test_meters_without_phases_are_those_the_page_warns_of() -> None:
    """The meters that lack currents or powers of phases are known, so that the page tells the truth."""
    lacking = {
        dialect
        for dialect, reading in _readings()
        if not {"current_l1_a", "power_import_l1_w"} <= reading.keys() and dialect not in WITHOUT_ELECTRICITY
    }
    assert lacking == WITHOUT_PHASES


def test_the_homewizard_file_takes_evccs_template() -> None:
    """Host and port alone: evcc refuses a path there."""
    (meter,) = yaml.safe_load(example("evcc/homewizard.yaml"))["meters"]
    assert meter["template"] == "homewizard"
    assert "/" not in meter["host"]
