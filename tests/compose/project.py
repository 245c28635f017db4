"""The compose file as a person uses it: a folder prepared by `meterkast init`, and containers started from it."""

import json
import shlex
import shutil
import ssl
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.brokers import free_port
from tests.compose.engine import Engine, run
from tests.compose.images import PYTHON, ROOT, VERSION

NAME = "meterkast-test"
GATEWAYS = ("esp01", "shed")
PASSIVE_PORTS = 4
HEALTHY_WITHIN_S = 90.0
POLL_S = 0.2
CHECKED = ("reader", "simulator", "parser", "history", "api", "console", "proxy")
CHECK_EVERY_S = 3
"""Instead of 15: half of the time of these tests was waiting for the next check."""
T = TypeVar("T")


def eventually(check: Callable[[], T | None], *, what: str, within_s: float = HEALTHY_WITHIN_S) -> T:
    """Return the first thing that the check gives."""
    deadline = time.monotonic() + within_s
    while (found := check()) is None:
        assert time.monotonic() < deadline, f"{what} did not come within {within_s:g} s"
        time.sleep(POLL_S)
    return found


class Project:
    """One deployment in a folder; ports are published on loopback alone."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.started: dict[str, datetime] = {}
        self._containers: dict[str, str] = {}
        self.web, self.web_tls, self.mqtt, self.mqtt_tls = (free_port() for _ in range(4))
        self.telnet, self.ftp, self.grafana = (free_port() for _ in range(3))
        self.passive = _row_of_ports(PASSIVE_PORTS)
        self.variables = {
            **engine.environment,
            "LISTEN": "127.0.0.1",
            "LISTEN_TLS": "127.0.0.1",
            "LISTEN_PLAIN": "127.0.0.1",
            "WEB_PORT": str(self.web),
            "WEB_TLS_PORT": str(self.web_tls),
            "MQTT_PORT": str(self.mqtt),
            "MQTT_TLS_PORT": str(self.mqtt_tls),
            "TELNET_PORT": str(self.telnet),
            "FTP_PORT": str(self.ftp),
            "GRAFANA_PORT": str(self.grafana),
            "FTP_PASSIVE": f"{self.passive[0]}-{self.passive[-1]}",
            "METERKAST_VERSION": VERSION,
        }

    def copy(self) -> None:
        """Copy what the repository ships, and have health looked at more often, as anybody may beside it."""
        shutil.copytree(ROOT / "deploy", self.folder)
        checks = {name: {"healthcheck": {"interval": f"{CHECK_EVERY_S}s"}} for name in CHECKED}
        (self.folder / "compose.override.yaml").write_text(json.dumps({"services": checks}))

    def init(self, *options: str) -> str:
        """Run `meterkast init` for the folder and return what it says."""
        command = [sys.executable, "-m", "meterkast", "init", str(self.folder), "--yes", *options]
        return run(command, self.variables, within_s=60)

    def compose(self, *arguments: str, within_s: float = 180) -> str:
        """Run Compose in the folder."""
        command = [*self.engine.compose, "--project-name", NAME, *arguments]
        return run(command, self.variables, within_s=within_s, cwd=self.folder)

    def shell(self, line: str) -> str:
        """Run a line of the documentation as a person types it, in the folder, with the Compose that is here."""
        compose = shlex.join([*self.engine.compose, "--project-name", NAME])
        typed = line.replace("docker compose", compose)
        return run(["sh", "-c", typed], self.variables, within_s=180, cwd=self.folder)

    def up(self) -> None:
        """Start everything, in order of health."""
        self.compose("up", "--detach", "--no-build", "--remove-orphans")
        self._containers = self._found()
        self.started = {name: moment(self.state(name)["StartedAt"]) for name in self.services()}

    def down(self) -> None:
        """Remove every container, network and volume."""
        self.compose("--profile", "tools", "down", "--volumes", "--remove-orphans", "--timeout", "10")

    def _found(self) -> dict[str, str]:
        rows = self.engine.docker(
            "ps", "--all", f"--filter=label=com.docker.compose.project={NAME}",
            '--format={{.Label "com.docker.compose.service"}} {{.ID}}',
        )  # fmt: skip
        return dict(row.split(" ") for row in rows.splitlines())

    def services(self) -> list[str]:
        """Names of the services that have a container."""
        return sorted(self._containers)

    def container(self, service: str) -> str:
        """The id of a service's container, as it was at the last `up`."""
        return self._containers[service]

    def inspect(self, service: str) -> dict[str, Any]:
        """What Docker knows of a service's container."""
        (found,) = json.loads(self.engine.docker("inspect", self.container(service)))
        return dict(found)

    def state(self, service: str) -> dict[str, Any]:
        """What state a service's container is in."""
        return dict(self.inspect(service)["State"])

    def inside(self, service: str, *command: str) -> str:
        """What a command writes in a service's container."""
        return self.engine.docker("exec", self.container(service), *command)

    def wait_healthy(self, services: Iterable[str]) -> None:
        """Wait until all of these are healthy."""
        for service in services:
            eventually(lambda name=service: self._healthy(name), what=f"the health of {service}")  # type: ignore[misc]

    def _healthy(self, service: str) -> bool | None:
        state = self.state(service)
        return True if state["Running"] and state["Health"]["Status"] == "healthy" else None

    def crash(self, service: str) -> None:
        """Kill the process of a service from outside, so that Docker takes it for a crash; wait until another runs."""
        before = self.state(service)
        kill = f"import os; os.kill({before['Pid']}, 9)"
        self.engine.docker("run", "--rm", "--pid=host", "--user=0", "--network=none", PYTHON, "python", "-c", kill)
        eventually(lambda: self._runs_anew(service, before["StartedAt"]), what=f"another process of {service}")

    def _runs_anew(self, service: str, started_at: str) -> bool | None:
        state = self.state(service)
        return True if state["Running"] and state["StartedAt"] != started_at else None

    def secret(self, name: str) -> str:
        """A secret that init has made."""
        return (self.folder / "secrets" / name).read_text()

    @property
    def authority(self) -> Path:
        """The certificate of the private authority."""
        return self.folder / "certificates" / "ca.pem"

    def trust(self) -> ssl.SSLContext:
        """TLS that trusts the private authority alone."""
        return ssl.create_default_context(cafile=str(self.authority))

    def client(self) -> httpx.Client:
        """A client of the API, over TLS, that may do everything."""
        headers = {"Authorization": f"Bearer {self.secret('console-token')}"}
        return httpx.Client(
            base_url=f"https://localhost:{self.web_tls}", verify=self.trust(), headers=headers, timeout=20
        )


def moment(text: str) -> datetime:
    """A time of Docker's, whose nanoseconds Python cannot read."""
    return datetime.fromisoformat(f"{text[:26].rstrip('Z')}+00:00")


def _row_of_ports(count: int) -> list[int]:
    """Ports that follow one another, and that nobody uses."""
    row: list[int] = []
    while len(row) < count:
        port = free_port()
        row = [*row, port] if row and port == row[-1] + 1 else [port]
    return row
