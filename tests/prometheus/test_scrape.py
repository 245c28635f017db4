"""The examples for Prometheus, on a real Prometheus that scrapes a real service."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from meterkast_contracts.topics import Topics
from meterkast_runtime.mqtt import MqttSession, MqttSettings
from prometheus_client.parser import text_string_to_metric_families

from tests.brokers import Broker, free_port

FOLDER = Path(__file__).parents[2] / "deploy/prometheus"
SERVICES = ("reader", "parser", "history", "api", "console")
GIVE_UP_S = 30.0
LOADS_ALL = """
import meterkast_reader.metrics, meterkast_parser.service, meterkast_history.vitals_keeper, meterkast_history.service
import meterkast_api.service, meterkast_console.terminal.guests, meterkast_runtime.mqtt
from prometheus_client import generate_latest
print(generate_latest().decode())
"""


def loaded(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


def program(name: str) -> str:
    if (found := shutil.which(name)) is None:
        pytest.skip(f"{name} is missing; get it by: apt install prometheus")
    return found


def ask(url: str, path: str, **parameters: str) -> Any:
    with contextlib.suppress(httpx.HTTPError):
        answer = httpx.get(f"{url}{path}", params=parameters)
        if answer.is_success:
            return answer.json()["data"]
    return None


def wait_for(url: str, query: str) -> list[dict[str, Any]]:
    """Return what a query gives, as soon as it gives anything."""
    deadline = time.monotonic() + GIVE_UP_S
    while time.monotonic() < deadline:
        if (data := ask(url, "/api/v1/query", query=query)) and data["result"]:
            result: list[dict[str, Any]] = data["result"]
            return result
        time.sleep(0.1)
    raise TimeoutError(query)


@contextlib.contextmanager
def process(command: list[str], **environment: str) -> Iterator[None]:
    with subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        try:
            yield
        finally:
            running.kill()


def test_the_examples_are_what_prometheus_takes() -> None:
    """Prometheus' own check has nothing to say about the examples."""
    done = subprocess.run(
        [program("promtool"), "check", "config", "prometheus.yml"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_service_has_a_job() -> None:
    """Every service is scraped, and an alert knows it by its job."""
    jobs = {config["job_name"]: config for config in loaded("prometheus.yml")["scrape_configs"]}
    assert jobs.keys() == {f"meterkast-{service}" for service in SERVICES}


def test_alerts_are_of_metrics_that_are_there() -> None:
    """Each alert goes by metrics that some service has, and says what is wrong and what to do."""
    shown = subprocess.run([sys.executable, "-c", LOADS_ALL], capture_output=True, text=True, check=True).stdout
    names = {family.name for family in text_string_to_metric_families(shown)}
    for rule in loaded("alerts.yml")["groups"][0]["rules"]:
        used = re.findall(r"\bmeterkast_\w+", rule["expr"])
        assert {name.removesuffix("_total") for name in used} <= names, rule["alert"]
        assert used or rule["expr"].startswith("up{")
        assert rule["annotations"]["summary"].endswith((".", ")."))
        assert rule["annotations"]["description"].endswith(".")


async def test_a_running_parser_is_scraped(mosquitto: Broker, tmp_path: Path) -> None:
    """Prometheus with the example, at its own addresses and pace, finds the parser up and what it refused."""
    port, own = free_port(), free_port()
    configuration = loaded("prometheus.yml")
    configuration["global"]["scrape_interval"] = configuration["global"]["scrape_timeout"] = "1s"
    for job in configuration["scrape_configs"]:
        ours = job["job_name"] == "meterkast-parser"
        job["static_configs"] = [{"targets": [f"127.0.0.1:{port if ours else free_port()}"]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    shutil.copy(FOLDER / "alerts.yml", tmp_path)
    server = [
        program("prometheus"), f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{own}", "--log.level=error",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{own}"
    parser = {"METERKAST_MQTT__PORT": str(mosquitto.port), "METERKAST_METRICS__PORT": str(port)}
    with (
        process([sys.executable, "-m", "meterkast_parser"], **parser, METERKAST_DATA_DIR=str(tmp_path)),
        process(server),
    ):
        wait_for(url, 'up{job="meterkast-parser"} == 1')
        settings = MqttSettings(host=mosquitto.host, port=mosquitto.port)
        async with MqttSession(settings, client_id="gateway") as session:
            await session.wait_connected()
            await session.publish(Topics().telegram("home"), b"/nonsense!0000\r\n")
        (refused,) = wait_for(url, "sum(meterkast_parser_rejected_total) > 0")
        assert refused["value"][1] == "1"
        assert len(wait_for(url, "up == 0")) == len(SERVICES) - 1
        groups = ask(url, "/api/v1/rules")["groups"]
        assert all(rule["health"] in {"ok", "unknown"} for group in groups for rule in group["rules"])
