"""What each container may do: no more than it needs."""

from datetime import timedelta
from typing import Any

import pytest

from tests.compose.project import CHECK_EVERY_S, Project

SERVICES = ("mosquitto", "simulator", "parser", "history", "api", "console", "proxy")
MEGABYTE = 1024 * 1024


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    """Give each service in turn."""
    return str(request.param)


def test_rights(project: Project, service: str) -> None:
    """A container runs as nobody in particular, without any capability, and cannot get one."""
    status = dict(
        line.split(":\t") for line in project.inside(service, "cat", "/proc/1/status").splitlines() if ":\t" in line
    )
    assert "0" not in status["Uid"].split()
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert status["NoNewPrivs"] == "1"


def test_file_system(project: Project, service: str) -> None:
    """Nothing but its data and /tmp can be written."""
    mounts = [line.split() for line in project.inside(service, "cat", "/proc/mounts").splitlines()]
    options = {target: set(flags.split(",")) for _, target, _, flags, *_ in mounts}
    assert "ro" in options["/"]
    writable = {
        target
        for target, flags in options.items()
        if "rw" in flags and not target.startswith(("/proc", "/dev", "/sys"))
    }
    assert writable <= {"/tmp", "/data", "/mosquitto/data", "/mosquitto/log"}


def test_limits(project: Project, service: str) -> None:
    """Memory, processors, processes and the log have a limit, and the secrets are no variables."""
    found: dict[str, Any] = project.inspect(service)
    host = found["HostConfig"]
    assert 0 < host["Memory"] <= 1024 * MEGABYTE
    assert host["NanoCpus"] > 0
    assert 0 < host["PidsLimit"] <= 200
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "3", "max-size": "5m"}}
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    secrets = {file.read_text() for file in (project.folder / "secrets").iterdir()}
    assert not secrets & {variable.partition("=")[2] for variable in found["Config"]["Env"]}


def test_memory(project: Project) -> None:
    """At work, a container needs no more than half of the memory that it may take."""
    containers = [project.container(name) for name in SERVICES]
    said = project.engine.docker("stats", "--no-stream", "--format={{.MemPerc}}", *containers)
    used = [float(line.rstrip("%")) for line in said.splitlines()]
    assert len(used) == len(SERVICES)
    assert all(0 < part < 50 for part in used), dict(zip(SERVICES, used, strict=True))


def test_order(project: Project) -> None:
    """Who needs the broker starts when it is healthy, and who needs the API when that is."""
    for name in ("simulator", "parser", "history", "api"):
        assert project.started[name] - project.started["mosquitto"] >= timedelta(seconds=4), name
    for name in ("console", "proxy"):
        assert project.started[name] - project.started["api"] >= timedelta(seconds=CHECK_EVERY_S - 1), name


def test_ports(project: Project) -> None:
    """Only what people and gateways reach is published, and nothing of parser, history and simulator is."""
    published = {
        name: sorted(port for port, at in project.inspect(name)["NetworkSettings"]["Ports"].items() if at)
        for name in SERVICES
    }
    passive = [f"{port}/tcp" for port in project.passive]
    assert published == {
        "mosquitto": ["1883/tcp", "8883/tcp"],
        "simulator": [],
        "parser": [],
        "history": [],
        "api": ["8080/tcp"],
        "console": sorted(["2121/tcp", "2323/tcp", *passive]),
        "proxy": ["8443/tcp"],
    }
