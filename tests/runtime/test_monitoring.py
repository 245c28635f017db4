"""The page for monitoring, and the question that a container's health check asks."""

import json
from itertools import count
from pathlib import Path

from meterkast_contracts.messages import ServiceHealth
from meterkast_runtime.health import Health
from meterkast_runtime.monitoring import MetricsSection, monitoring
from meterkast_runtime.probe import PORT, probe

from tests.brokers import free_port


def test_a_service_is_well_only_while_its_status_is_ok() -> None:
    """Starting, trouble of a part and failure answer no, with what is the matter; ready answers yes."""
    health = Health("reader")
    with monitoring(MetricsSection(port=0), health) as port:
        environment = {PORT: str(port)}
        assert probe(environment)[0] is False
        health.ready()
        assert probe(environment)[0] is True
        health.degraded("The meter is silent.")
        well, said = probe(environment)
        assert (well, json.loads(said)["detail"]) == (False, "The meter is silent.")
        health.ok()
        health.failed("The port is gone.")
        assert probe(environment)[0] is False


def test_silence_is_not_health() -> None:
    """Where nothing listens, or no port is set, the answer is no and says what to look at."""
    port = free_port()
    assert probe({PORT: str(port)}) == (
        False, f"nothing tells its health on port {port}: [Errno 111] Connection refused",
    )  # fmt: skip
    assert probe({}) == (False, f"set {PORT} to the port on which the service shall tell its health")


def test_figures_are_read_anew_for_each_message() -> None:
    """A message of health carries the present figures, and the last will none."""
    health, spool = Health("reader"), Path(__file__)
    counts = count(1)
    health.figure("telegrams", lambda: next(counts))
    health.figure("spool_bytes", lambda: spool.stat().st_size)
    assert [health.message().figures["telegrams"] for _ in range(2)] == [1, 2]
    assert health.lost().figures == {}
    health.figure("telegrams", lambda: 3)
    size = spool.stat().st_size
    figures = ServiceHealth.from_json(health.message().to_json()).figures
    assert {name: figures[name] for name in ("telegrams", "spool_bytes")} == {"telegrams": 3, "spool_bytes": size}


def test_every_service_tells_what_its_process_uses() -> None:
    """Memory, time of the processor and time since the start are told by all; a figure that cannot be read by none."""
    health = Health("reader")
    health.figure("spool_bytes", lambda: Path("/nowhere/to/be/found").stat().st_size)
    figures = health.message().figures
    assert figures.keys() == {"uptime_s", "cpu_s", "memory_bytes"}
    assert 10 << 20 < figures["memory_bytes"] < 10 << 30
    assert figures["cpu_s"] > 0
