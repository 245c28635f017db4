"""Docker Engine: the one that answers, else one that the tests start as root and stop again without a trace."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

START_WITHIN_S = 60.0
STOP_WITHIN_S = 60.0
FREE_WITHIN_S = 300.0
LOCK = Path("/run/meterkast-docker.lock")
"""Held by the tests that have an engine of their own, since the rules of the machine's network are one for all."""
HOW_TO_GET = (
    "Docker is missing; get it by: apt install docker.io docker-compose (as root the tests start it themselves)"
)
BY_PLUGIN, BY_PYTHON = ("docker", "compose"), ("docker-compose",)
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


class DockerMissingError(RuntimeError):
    """No Docker can be used here; the message says how to get one."""


class Engine:
    """A Docker Engine that answers, and the Compose beside it."""

    def __init__(self, host: str | None, compose: Sequence[str]) -> None:
        self.compose = tuple(compose)
        self.environment = {**os.environ, **({"DOCKER_HOST": host} if host else {}), "DOCKER_BUILDKIT": "0"}

    def docker(self, *arguments: str | Path, within_s: float = 60) -> str:
        """Run `docker …` and return what it writes; raises CalledProcessError with what it said."""
        return run(["docker", *map(str, arguments)], self.environment, within_s=within_s)

    def has(self, image: str) -> bool:
        """Whether there is an image of this name."""
        command = ["docker", "image", "inspect", image]
        return subprocess.run(command, env=self.environment, capture_output=True, check=False).returncode == 0


def run(command: Sequence[str | Path], environment: dict[str, str], *, within_s: float, cwd: Path | None = None) -> str:
    """Run a command and return its standard output; raises AssertionError with both outputs where it fails."""
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=within_s, cwd=cwd, check=False
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def compose_command() -> tuple[str, ...]:
    """Return how Compose is called here; raises DockerMissingError."""
    for command in (BY_PLUGIN, BY_PYTHON):
        if _works(*command, "version"):
            return command
    raise DockerMissingError(HOW_TO_GET)


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """Give a Docker Engine; one of our own keeps its images in the folder for the next time."""
    compose = compose_command()
    if shutil.which("docker") is None:
        raise DockerMissingError(HOW_TO_GET)
    if _works("docker", "info"):
        yield Engine(None, compose)
        return
    program = _dockerd()
    with _alone(), _own(program, folder) as host:
        yield Engine(host, compose)


def _works(*command: str, host: str | None = None) -> bool:
    environment = {**os.environ, **({"DOCKER_HOST": host} if host else {})}
    with suppress(FileNotFoundError):
        return subprocess.run(command, capture_output=True, check=False, env=environment).returncode == 0
    return False


def _dockerd() -> str:
    program = shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or os.geteuid() != 0:
        raise DockerMissingError(HOW_TO_GET)
    return program


@contextmanager
def _alone() -> Iterator[None]:
    """Wait while other tests, those of another checkout, have their engine."""
    with LOCK.open("w") as lock:
        deadline = time.monotonic() + FREE_WITHIN_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise DockerMissingError("Docker is in use by other tests of these; wait for them to end") from None
            time.sleep(0.5)
        yield


@contextmanager
def _own(program: str, folder: Path) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    host = f"unix://{folder}/docker.sock"
    command = [
        *(program, f"--host={host}", f"--pidfile={folder}/pid"),
        *(f"--data-root={folder}/data", f"--exec-root={folder}/exec"),
    ]
    before = _Before()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + START_WITHIN_S
        while not _works("docker", "info", host=host):
            if process.poll() is not None or time.monotonic() > deadline:
                said = (folder / "log").read_text(errors="replace").strip().splitlines()
                raise DockerMissingError(f"Docker does not start here: {said[-1] if said else 'it says nothing'}")
            time.sleep(0.1)
        yield host
    finally:
        _end(process)
        for namespace in folder.glob("exec/netns/*"):
            subprocess.run(["umount", namespace], capture_output=True, check=False)
        before.restore()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class _Before:
    """What of this machine's network a Docker Engine changes and leaves behind."""

    def __init__(self) -> None:
        self._forwarding = FORWARDING.read_text()
        self._policy = next((line for line in _rules("filter") if line.startswith(":FORWARD ")), None)

    def restore(self) -> None:
        for table in ("nat", "filter"):
            kept = [line for line in _rules(table) if "DOCKER" not in line and "docker0" not in line]
            if table == "filter" and self._policy is not None:
                kept = [self._policy if line.startswith(":FORWARD ") else line for line in kept]
            if kept:
                subprocess.run(
                    ["iptables-restore", "--table", table], input="\n".join((*kept, "")), text=True, check=True
                )
        with suppress(FileNotFoundError):
            subprocess.run(["ip", "link", "delete", "docker0"], capture_output=True, check=False)
        FORWARDING.write_text(self._forwarding)


def _rules(table: str) -> list[str]:
    if shutil.which("iptables-save") is None:
        return []
    return subprocess.run(
        ["iptables-save", "--table", table], capture_output=True, text=True, check=False
    ).stdout.splitlines()
