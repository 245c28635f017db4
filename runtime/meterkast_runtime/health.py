"""How a service does, as it tells it to others."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from meterkast_contracts.messages import HealthStatus, ServiceHealth
from meterkast_contracts.topics import service_status

from meterkast_runtime.process import memory_bytes


class Health:
    """Health of one instance of a service: `starting` until `ready`, then `ok` unless a part has trouble."""

    def __init__(self, service: str, instance: str = "main") -> None:
        self.service = service
        self.instance = instance
        self.version = _version(service)
        self.started_at = datetime.now(UTC)
        self._ending: HealthStatus | None = HealthStatus.STARTING
        self._last_words: str | None = None
        self._checks: dict[str, str] = {}
        self._troubles: dict[str, str] = {}
        self._figures: dict[str, Callable[[], int | float]] = {
            "uptime_s": lambda: int((datetime.now(UTC) - self.started_at).total_seconds()),
            "cpu_s": lambda: round(time.process_time(), 2),
            "memory_bytes": memory_bytes,
        }
        self._listeners: list[Callable[[], None]] = []

    @property
    def topic(self) -> str:
        """Where it is published, retained."""
        return service_status(self.service, self.instance)

    @property
    def status(self) -> HealthStatus:
        """The status of the whole: `degraded` while any part has trouble."""
        if self._ending is not None:
            return self._ending
        return HealthStatus.DEGRADED if self._troubles else HealthStatus.OK

    def set(self, check: str, state: str) -> None:
        """Note the state of a part, e.g. `mqtt`: `connected`."""
        self._change(self._checks, check, state)

    def figure(self, name: str, read: Callable[[], int | float]) -> None:
        """Tell a count or size with each message; its name carries its unit: `spool_bytes`, `lag_s`, `telegrams`."""
        self._figures[name] = read

    def degraded(self, sentence: str, *, part: str = "service") -> None:
        """Say what is wrong with a part and what to do."""
        self._change(self._troubles, part, sentence)

    def ok(self, *, part: str = "service") -> None:
        """The trouble of a part is over."""
        if self._troubles.pop(part, None) is not None:
            self._tell()

    def ready(self) -> None:
        """The service is up (again)."""
        self._end(None)

    def failed(self, sentence: str) -> None:
        """The service has failed, for the reason given."""
        self._end(HealthStatus.FAILED, sentence)

    def stopped(self) -> None:
        """The service was stopped in order."""
        self._end(HealthStatus.STOPPED)

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener at every change; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def message(self, status: HealthStatus | None = None) -> ServiceHealth:
        """The health as it is published; a status given replaces the present one."""
        return ServiceHealth(
            service=self.service,
            instance=self.instance,
            status=status or self.status,
            version=self.version,
            at=datetime.now(UTC),
            started_at=self.started_at,
            detail=self._last_words or " ".join(self._troubles.values()) or None,
            checks=dict(self._checks),
            figures=dict(self._present()),
        )

    def lost(self) -> ServiceHealth:
        """What the broker is to say when the connection breaks: the last will."""
        return self.message(HealthStatus.LOST).model_copy(update={"detail": None, "checks": {}, "figures": {}})

    def _present(self) -> Iterator[tuple[str, int | float]]:
        for name, read in self._figures.items():
            with suppress(OSError):  # a disk that is away has no size
                yield name, read()

    def _end(self, status: HealthStatus | None, sentence: str | None = None) -> None:
        if (self._ending, self._last_words) != (status, sentence):
            self._ending, self._last_words = status, sentence
            self._tell()

    def _change(self, table: dict[str, str], key: str, value: str) -> None:
        if table.get(key) != value:
            table[key] = value
            self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


def _version(service: str) -> str:
    for package in (f"meterkast-{service}", "meterkast-runtime"):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "unknown"
