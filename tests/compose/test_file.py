"""The compose file and the Dockerfile, as far as they can be judged without Docker."""

import os
import re
import tomllib
from typing import Any

import pytest
import yaml

from tests.compose.engine import DockerMissingError, compose_command, run
from tests.compose.images import ROOT

FILE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
SERVICES: dict[str, Any] = FILE["services"]
DOCS = (ROOT / "docs" / "deploy.md").read_text()
VARIABLE = re.compile(r"\$\{([A-Z_]+)(:-[^}]*)?\}")


@pytest.mark.parametrize("name", SERVICES)
def test_rights(name: str) -> None:
    """No service, whatever its profile, is root, writes to its root, or keeps a capability; each has limits."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    assert service.get("user", "10001").partition(":")[0] not in {"0", "root"}
    assert {"mem_limit", "cpus", "pids_limit", "logging"} <= service.keys()
    assert name == "tools" or service["healthcheck"]["test"][0] == "CMD"


def test_defaults() -> None:
    """Every variable has a default, so that the file can be read before `meterkast init` has run."""
    text = (ROOT / "deploy" / "compose.yaml").read_text()
    assert {name for name, default in VARIABLE.findall(text) if not default} == set()


def test_published() -> None:
    """Every port is published on an address that a variable names; what sends passwords readable, on loopback."""
    published = {name: [str(port) for port in service.get("ports", ())] for name, service in SERVICES.items()}
    assert all(port.startswith("${LISTEN") for ports in published.values() for port in ports)
    for name in ("console", "grafana"):
        assert all(port.startswith("${LISTEN_PLAIN:-127.0.0.1}:") for port in published[name])
    assert {name for name, ports in published.items() if ports} == {"mosquitto", "grafana", "api", "console", "proxy"}


def test_documented() -> None:
    """Profiles, volumes and variables stand in the documentation or in what init writes."""
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", ())}
    assert all(f"| `{profile}` |" in DOCS for profile in profiles)
    volumes = DOCS.partition("## Where the data are")[2].partition("## ")[0]
    assert all(f"`{volume}`" in volumes for volume in FILE["volumes"])


def test_every_profile() -> None:
    """Compose itself takes the file, all profiles at once: Grafana too, whose image is started nowhere in the tests."""
    try:
        command = compose_command()
    except DockerMissingError as missing:
        pytest.skip(str(missing))
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", ())}
    environment = {**os.environ, "COMPOSE_PROFILES": ",".join(profiles)}
    said = run([*command, "--file", ROOT / "deploy" / "compose.yaml", "config"], environment, within_s=60)
    assert set(yaml.safe_load(said)["services"]) == set(SERVICES)


def test_uv() -> None:
    """The image is made by the uv of the lock file."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    (version,) = (package["version"] for package in lock["package"] if package["name"] == "uv")
    assert f"ARG UV_VERSION={version}\n" in (ROOT / "deploy" / "Dockerfile").read_text()


def test_packages() -> None:
    """The Dockerfile copies every package's pyproject before it fetches dependencies."""
    members = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    assert all(f"COPY {member}/pyproject.toml {member}/\n" in text for member in members)
