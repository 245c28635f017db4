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
    assert ServiceHealth.from_json(health.message().to_json()).figures == {"telegrams": 3, "spool_bytes": size}
