"""The services as processes of their own, as a fleet runs them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.brokers import Broker

STOP_TIMEOUT_S = 10


class Part:
    """One service as a process that can be killed and started again with the same data."""

    def __init__(self, service: str, directory: Path, settings: Mapping[str, str]) -> None:
        self.service = service
        self._directory = directory
        self.settings = dict(settings)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the running service."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything it has said so far."""
        path = self._directory / f"{self.service}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Start it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("METERKAST_")}
        data = {"METERKAST_DATA_DIR": str(self._directory / "data")}
        with (self._directory / f"{self.service}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"meterkast_{self.service}"],
                stdout=log,
                stderr=log,
                cwd=self._directory,
                env={**kept, **data, **self.settings},
            )

    def kill(self) -> None:
        """End it by SIGKILL: it can do nothing more."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to stop and wait until it has."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise
            self._process = None


@contextmanager
def running(parts: Mapping[str, Part]) -> Iterator[None]:
    """Stop all of them at the end, whatever has happened; the failed test shows what they said."""
    try:
        yield
    except BaseException:
        for part in parts.values():
            sys.stderr.write(f"--- {part.service}\n{part.log[-4000:]}\n")
        raise
    finally:
        for part in parts.values():
            part.kill()


def settings_for(broker: Broker, source: str, *, api_port: int = 0) -> dict[str, str]:
    """Variables that every service of a test is given."""
    return {
        "METERKAST_MQTT__HOST": broker.host,
        "METERKAST_MQTT__PORT": str(broker.port),
        "METERKAST_READER__SOURCE": source,
        "METERKAST_API__PORT": str(api_port),
        "METERKAST_LOG__FORMAT": "json",
        "METERKAST_LOG__LEVEL": "info",
    }
