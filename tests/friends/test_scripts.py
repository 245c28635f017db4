"""The scripts really run, against a simulated house."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from meterkast_runtime.mqtt import MqttSession, MqttSettings

from tests.api.houses import TOPICS, reading
from tests.brokers import BrokerMissingError, BrokerOptions, Mosquitto
from tests.friends.examples import EXAMPLES
from tests.pipeline.home import Home

PATIENCE_S = 30

pytestmark = pytest.mark.xdist_group("friends")  # one house for all


@contextmanager
def _lines(command: list[str], variables: Mapping[str, str], folder: Path = EXAMPLES) -> Iterator[Iterator[str]]:
    """What a script prints, line by line, while it runs."""
    environment = {**os.environ, **variables}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield iter(process.stdout.readline, "")
        finally:
            process.kill()


def _broker(home: Home) -> dict[str, str]:
    return {
        "MQTT_PORT": str(home.mqtt_port),
        "MQTT_URL": f"mqtt://127.0.0.1:{home.mqtt_port}",
        "METERKAST": f"http://127.0.0.1:{home.port}",
    }


def test_python_prints_readings_exactly(home: Home) -> None:
    """The sum of the dials has the three decimals that the meter shows, and lies between two answers of the API."""
    before = home.actual()
    with _lines([sys.executable, "scripts/read.py"], _broker(home)) as lines:
        gateway, _, power, watt, energy, unit = next(lines).split()
    after = home.actual()
    assert (gateway, watt, unit) == ("home", "W", "kWh")
    assert Decimal(power) == int(power)
    assert re.fullmatch(r"\d+\.\d{3}", energy)
    dials = [answer["energy_import_t1_kwh"] + answer["energy_import_t2_kwh"] for answer in (before, after)]
    assert dials[0] <= Decimal(energy) <= dials[1]


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """A broker that lets in nobody but `me`, with a reading."""
    broker = Mosquitto(tmp_path / "guarded", BrokerOptions(username="me", password="right"))
    try:
        broker.start()
    except BrokerMissingError as missing:
        pytest.skip(str(missing))
    settings = MqttSettings.model_validate(
        {"host": broker.host, "port": broker.port, "username": "me", "password": "right"}
    )
    async with MqttSession(settings, client_id="sender") as sender:
        await sender.publish(TOPICS.reading("home"), reading(), retain=True)
    yield broker
    broker.stop()


def test_python_logs_in_as_a_user_of_its_own(guarded: Mosquitto) -> None:
    """With the right password it reads; with a wrong one it ends and says that the broker does not let it in."""
    variables = {"MQTT_PORT": str(guarded.port), "MQTT_USER": "me"}
    with _lines([sys.executable, "scripts/read.py"], {**variables, "MQTT_PASSWORD": "right"}) as lines:
        assert next(lines) == "home 2026-03-29T12:00:00Z 424 W 4521.100 kWh\n"
    wrong = subprocess.run(
        [sys.executable, "scripts/read.py"],
        cwd=EXAMPLES,
        env={**os.environ, **variables, "MQTT_PASSWORD": "wrong"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (wrong.returncode, wrong.stderr) == (1, "the broker does not let us in: Not authorized\n")


def test_javascript_prints_values_as_they_change(home: Home, scripts: Path) -> None:
    """Each value comes as the text of its topic, all of them at once to begin with."""
    with _lines(["node", "mqtt.mjs"], _broker(home), scripts) as lines:
        values: dict[str, str] = {}
        while "energy_import_t1_kwh" not in values or "power_import_w" not in values:
            gateway, name, value = next(lines).split(maxsplit=2)
            assert gateway == "home"
            values[name] = value.strip()
    assert re.fullmatch(r"\d+\.\d{3}", values["energy_import_t1_kwh"])
    assert re.fullmatch(r"\d+", values["power_import_w"])


def test_javascript_prints_the_live_stream(home: Home, scripts: Path) -> None:
    """The stream brings the status and then a reading each second."""
    with _lines(["node", "stream.mjs"], _broker(home), scripts) as lines:
        assert next(lines) == "online\n"
        found = [next(lines) for _ in range(2)]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ -?\d+ W\n", line) for line in found)
    assert found[0] < found[1]


def test_the_shell_prints_power_dial_and_use(home: Home) -> None:
    """Three lines, each with what the house says."""
    for program in ("mosquitto_sub", "jq", "curl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing; get it by: apt install mosquitto-clients jq curl")
    said = subprocess.run(
        ["scripts/read.sh"],
        cwd=EXAMPLES,
        env={**os.environ, **_broker(home)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert re.fullmatch(r"power \d+ W\ndial 1 \d+\.\d{3} kWh\ntoday [\d.]+ kWh\n", said.stdout)
