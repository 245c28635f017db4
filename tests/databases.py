"""Real database servers for tests: InfluxDB and VictoriaMetrics, on free ports with their data in a folder."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.brokers import free_port
from tests.containers import ContainerMissingError, container, docker_answers

START_TIMEOUT_S = 30.0


TOKEN, ORG = "a-token-for-tests", "home"
HOW_TO_GET_2 = "InfluxDB 2 is missing; get it from https://docs.influxdata.com, or set INFLUXDB_URL"
_SETUP = {
    "DOCKER_INFLUXDB_INIT_MODE": "setup", "DOCKER_INFLUXDB_INIT_USERNAME": "test", "DOCKER_INFLUXDB_INIT_ORG": ORG,
    "DOCKER_INFLUXDB_INIT_PASSWORD": "password", "DOCKER_INFLUXDB_INIT_BUCKET": "first",
    "DOCKER_INFLUXDB_INIT_ADMIN_TOKEN": TOKEN,
}  # fmt: skip


class DatabaseMissingError(RuntimeError):
    """The server's program is not on this machine; the message says how to get it."""


class DatabaseServer:
    """One running server, to be stopped, killed and started again on the same port and data."""

    def __init__(self, directory: Path, command: list[str], port: int, ready: str) -> None:
        self.directory = directory
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._command = command
        self._ready = self.url + ready
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with (self.directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self.directory)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self._command[0]} did not start: {(self.directory / 'server.log').read_text()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End the server by SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self._ready, timeout=1):
                return True
        except (urllib.error.URLError, OSError):
            return False


INFLUX_1 = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
  auth-enabled = {auth}
[logging]
  level = "error"
"""


@contextmanager
def influxdb_1(directory: Path, *, auth: bool = False) -> Iterator[DatabaseServer]:
    """Run an InfluxDB 1.x."""
    program = influxd(major=1)
    if program is None:
        raise DatabaseMissingError("InfluxDB 1.x is missing; get it by: apt install influxdb")
    directory.mkdir(parents=True)
    port = free_port()
    configuration = directory / "influxdb.conf"
    configuration.write_text(INFLUX_1.format(folder=directory, port=port, rpc=free_port(), auth=str(auth).lower()))
    server = DatabaseServer(directory, [program, "-config", str(configuration)], port, "/ping")
    yield from _running(server)


@contextmanager
def victoria_metrics(directory: Path) -> Iterator[DatabaseServer]:
    """Run a VictoriaMetrics."""
    program = shutil.which("victoria-metrics") or shutil.which("victoria-metrics-prod")
    if program is None:
        raise DatabaseMissingError("VictoriaMetrics is missing; get it by: apt install victoria-metrics")
    directory.mkdir(parents=True)
    port = free_port()
    command = [
        program, f"-storageDataPath={directory}/data", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y",
        "-loggerLevel=ERROR", "-memory.allowedBytes=64MB",
    ]  # fmt: skip
    yield from _running(DatabaseServer(directory, command, port, "/health"))


@dataclass(frozen=True, slots=True)
class Influx2:
    """An InfluxDB 2 with a token that may make buckets in its organisation; `server` is that of our own."""

    url: str
    token: str
    org: str = ORG
    server: DatabaseServer | None = None


def has_influxdb_2() -> bool:
    """Whether an InfluxDB 2 is named, installed, or can be asked of Docker."""
    return "INFLUXDB_URL" in os.environ or runs_influxdb_2() or docker_answers()


def runs_influxdb_2() -> bool:
    """Whether an InfluxDB 2 is installed."""
    return influxd(major=2) is not None


@contextmanager
def any_influxdb_2(directory: Path) -> Iterator[Influx2]:
    """Give the InfluxDB 2 of INFLUXDB_URL (with INFLUXDB_TOKEN, INFLUXDB_ORG), else our own, else a container."""
    if url := os.environ.get("INFLUXDB_URL"):
        yield Influx2(url.rstrip("/"), os.environ.get("INFLUXDB_TOKEN", ""), os.environ.get("INFLUXDB_ORG", ""))
    elif runs_influxdb_2():
        with influxdb_2(directory) as server:
            yield server
    else:
        try:
            with container("influxdb:2.7", 8086, environment=_SETUP) as (host, port):
                yield _of_version_2(Influx2(f"http://{host}:{port}", TOKEN))
        except ContainerMissingError as missing:
            raise DatabaseMissingError(f"{HOW_TO_GET_2} ({missing})") from missing


def _of_version_2(two: Influx2) -> Influx2:
    """Return the server, if it is what its image's name says: a stand-in may be of version 1."""
    if not _version(two.url).lstrip("v").startswith("2."):
        raise ContainerMissingError("the image influxdb:2.7 of this Docker holds another version")
    return two


def _version(url: str) -> str:
    """Return the version of a server, as soon as it answers."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            with urllib.request.urlopen(f"{url}/ping", timeout=5) as answer:
                return str(answer.headers.get("X-Influxdb-Version", ""))
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@contextmanager
def influxdb_2(directory: Path) -> Iterator[Influx2]:
    """Run an InfluxDB 2 of our own, to be killed and started again."""
    program = influxd(major=2)
    if program is None:
        raise DatabaseMissingError(HOW_TO_GET_2)
    directory.mkdir(parents=True)
    port = free_port()
    command = [
        program, f"--bolt-path={directory}/influxd.bolt", f"--engine-path={directory}/engine",
        f"--sqlite-path={directory}/influxd.sqlite", f"--http-bind-address=127.0.0.1:{port}", "--reporting-disabled",
        "--log-level=error",
    ]  # fmt: skip
    for server in _running(DatabaseServer(directory, command, port, "/health")):
        body = {"username": "test", "password": "password", "org": ORG, "bucket": "first", "token": TOKEN}
        setup = urllib.request.Request(f"{server.url}/api/v2/setup", data=json.dumps(body).encode(), method="POST")
        urllib.request.urlopen(setup, timeout=30).close()
        yield Influx2(server.url, TOKEN, server=server)


def _running(server: DatabaseServer) -> Iterator[DatabaseServer]:
    server.start()
    try:
        yield server
    finally:
        server.kill()


def influxd(major: int) -> str | None:
    """Return the path of an `influxd`, the server, of that major version."""
    for program in dict.fromkeys(filter(None, (shutil.which("influxd"), shutil.which("influxd2")))):
        said = subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout
        if (found := re.search(r"v?(\d+)\.\d+", said)) and int(found[1]) == major:
            return program
    return None


def influx(major: int) -> str | None:
    """Return the path of an `influx`, the command, of that major version."""
    for program in filter(None, (shutil.which("influx"), shutil.which("influx2"))):
        command = [program, "version" if major == 2 else "-version"]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        if said.returncode == 0 and (f"shell version: {major}." in said.stdout or f"CLI v{major}." in said.stdout):
            return program
    return None
