"""The descriptions of a fleet in deploy/fleet: valid, and of settings that there are."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from meterkast_api.settings import ApiSettings
from meterkast_history.settings import HistorySettings
from meterkast_history.share import Share
from meterkast_parser.settings import ParserSettings
from meterkast_runtime.settings import Settings, load_settings

FOLDER = Path(__file__).parents[2] / "deploy" / "fleet"
KUBERNETES = FOLDER / "kubernetes"
OLDEST = "1.31"
SETTINGS: Mapping[str, type[Settings]] = {"parser": ParserSettings, "history": HistorySettings, "api": ApiSettings}
GIVEN = {"STORE_URL": "influxdb://influxdb:8086/meterkast"}


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the Kubernetes description, with its file."""
    for path in sorted(KUBERNETES.glob("*.yaml")):
        if path.name != "kustomization.yaml":
            for document in yaml.safe_load_all(path.read_text()):
                yield f"{path.name}: {document['kind']} {document['metadata']['name']}", document


DOCUMENTS = dict(documents())
WORKLOADS = {name: one for name, one in DOCUMENTS.items() if one["kind"] == "StatefulSet"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_object_is_what_kubernetes_takes(name: str) -> None:
    """Every field is known to the schemas of Kubernetes, from the oldest that numbers pods from one to today's."""
    for version in (OLDEST, kubernetes_validate.latest_version()):
        kubernetes_validate.validate(DOCUMENTS[name], version, strict=True)


def test_kustomize_knows_every_file() -> None:
    """What is applied are all files but the example of secrets."""
    named = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    there = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml", "secrets.example.yaml"}
    assert set(named) == there


def load(service: str, variables: Mapping[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Read a service's variables by its own settings, secrets from files that are there."""
    for name, value in variables.items():
        if name.endswith("_FILE"):
            secret = folder / Path(value).name
            secret.write_text("a-secret-of-the-fleet")
            monkeypatch.setenv(name, str(secret))
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    return load_settings(SETTINGS[service])


def variables(workload: dict[str, Any], number: int) -> dict[str, str]:
    """The environment of one pod."""
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    lines = (KUBERNETES / "settings.env").read_text().splitlines()
    found = dict(line.split("=", 1) for line in lines)
    for entry in container["env"]:
        pod = f"{workload['metadata']['name']}-{number}" if entry["name"] == "METERKAST_INSTANCE" else str(number)
        found[entry["name"]] = re.sub(r"\$\((\w+)\)", lambda part: found[part[1]], entry.get("value", pod))
    return found


@pytest.mark.parametrize("name", WORKLOADS)
def test_pods_have_settings_that_there_are(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable names a setting of the pod's service, and its value is one."""
    workload = WORKLOADS[name]
    service = workload["metadata"]["name"]
    settings = load(service, variables(workload, 1), tmp_path, monkeypatch)
    assert settings.instance == f"{service}-1"
    assert settings.mqtt.password is not None


def test_the_writers_shares_are_all_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many pods as shares, each with its own."""
    (workload,) = [one for one in WORKLOADS.values() if one["metadata"]["name"] == "history"]
    numbers = range(workload["spec"]["ordinals"]["start"], workload["spec"]["ordinals"]["start"] + 2)
    assert workload["spec"]["replicas"] == len(numbers)
    shares = []
    for number in numbers:
        settings = load("history", variables(workload, number), tmp_path, monkeypatch)
        assert isinstance(settings, HistorySettings)
        assert settings.history.share is not None
        shares.append(Share.parse(settings.history.share))
    assert shares == [Share(1, 2), Share(2, 2)]


def test_secrets_have_the_names_that_are_mounted() -> None:
    """Every key that a pod mounts is in the example, and none besides."""
    mounted = {
        item["key"]
        for workload in WORKLOADS.values()
        for volume in workload["spec"]["template"]["spec"]["volumes"]
        for item in volume.get("secret", {}).get("items", ())
    }
    (example,) = [one for one in DOCUMENTS.values() if one["kind"] == "Secret"]
    assert set(example["stringData"]) == mounted


COMPOSE = yaml.safe_load((FOLDER / "compose.fleet.yaml").read_text())["services"]


@pytest.mark.parametrize("name", COMPOSE)
def test_containers_have_settings_that_there_are(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable of the override names a setting of the container's service, and its value is one."""
    service = name.partition("-")[0]
    plain = {key: filled(str(value)) for key, value in COMPOSE[name].get("environment", {}).items()}
    load(service, plain, tmp_path, monkeypatch)


def test_each_container_stands_for_itself() -> None:
    """Parsers are one group, writers have all the shares, and no two have one name."""
    names = [one["environment"]["METERKAST_INSTANCE"] for name, one in COMPOSE.items() if name != "api"]
    assert len(set(names)) == len(names)
    parsers = [one["environment"]["METERKAST_PARSER__SHARE"] for name, one in COMPOSE.items() if "parser" in name]
    writers = [one["environment"]["METERKAST_HISTORY__SHARE"] for name, one in COMPOSE.items() if "history" in name]
    assert (set(parsers), len(parsers)) == ({"parser"}, 3)
    assert writers == ["1/2", "2/2"]


def filled(text: str) -> str:
    """The text with what .env gives, or the default."""
    return re.sub(r"\$\{(\w+)(?::[-?]([^}]*))?\}", lambda part: GIVEN.get(part[1], part[2] or ""), text)
