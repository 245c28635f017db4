"""`meterkast up` as a person starts it, on free ports, with all its files in one folder."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from tests.brokers import free_port
from tests.launcher.command import command, environment

PATIENCE_S = 30
_POLL_S = 0.05

T = TypeVar("T")


def eventually(check: Callable[[], T | None], *, what: str, timeout_s: float = PATIENCE_S) -> T:
    """Return the first thing that the check gives."""
    deadline = time.monotonic() + timeout_s
    while (found := check()) is None:
        assert time.monotonic() < deadline, f"{what} did not come within {timeout_s} s"
        time.sleep(_POLL_S)
    return found


class Home:
    """`with Home(tmp_path, "simulator:nl-dsmr5") as home`: runs until the block ends."""

    def __init__(self, directory: Path, source: str, *options: str) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.port = free_port()
        self.mqtt_port = free_port()
        self.telnet_port = free_port()
        self._arguments = (
            *("up", source, "--port", str(self.port), "--mqtt-port", str(self.mqtt_port)),
            *("--data-dir", str(self.data)),
            *options,
        )
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=5)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def said(self) -> str:
        """Everything it has printed so far, warnings included."""
        return (self.directory / "said.txt").read_text(encoding="utf-8")

    def start(self) -> None:
        """Start it and return at once."""
        with (self.directory / "said.txt").open("wb") as said:
            self.process = subprocess.Popen(
                command(*self._arguments),
                stdout=said,
                stderr=said,
                cwd=self.directory,
                env=environment(self.directory, {"METERKAST_CONSOLE__TELNET__PORT": str(self.telnet_port)}),
            )

    def stop(self) -> tuple[int, float]:
        """Press Ctrl-C; the exit code and the seconds that it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(PATIENCE_S)
        return code, time.monotonic() - began

    def get(self, path: str) -> Any:
        """What the REST API says, decimals exact; None while it says nothing."""
        try:
            answer = self._client.get(path)
        except httpx.TransportError:
            return None
        return json.loads(answer.text, parse_float=Decimal) if answer.status_code == httpx.codes.OK else None

    def actual(self, gateway: str = "home") -> dict[str, Any]:
        """The newest reading, waited for."""
        reading: dict[str, Any] = eventually(
            lambda: self.get(f"/api/v1/meters/{gateway}/actual"), what=f"a reading of {gateway} ({self.said})"
        )
        return reading

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What the page's live stream brings: event and data."""
        with self._client.stream("GET", "/api/v1/stream", timeout=PATIENCE_S) as stream:
            kind = ""
            for line in stream.iter_lines():
                if line.startswith("event:"):
                    kind = line.removeprefix("event:").strip()
                elif line.startswith("data:"):
                    yield kind, json.loads(line.removeprefix("data:"), parse_float=Decimal)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
