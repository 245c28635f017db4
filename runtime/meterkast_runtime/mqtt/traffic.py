"""Prometheus metrics of the MQTT sessions, counted without cost and collected when asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakSet

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from meterkast_runtime.mqtt.outbox import Outbox


@dataclass(slots=True, weakref_slot=True, eq=False)
class Traffic:
    """What one session has done so far."""

    client_id: str
    outbox: Outbox
    connected: bool = False
    connects: int = 0
    received: int = 0

    @property
    def published(self) -> int:
        """QoS 1 messages handed over."""
        return self.outbox.published

    @property
    def confirmed(self) -> int:
        """QoS 1 messages the broker has acknowledged."""
        return self.outbox.confirmed


COUNTERS = {
    "connects": "Connections made to the broker",
    "received": "Messages received",
    "published": "QoS 1 messages handed over for publishing",
    "confirmed": "QoS 1 messages the broker has acknowledged",
}


class TrafficCollector(Collector):
    """Turns the counts of all living sessions into metrics."""

    def __init__(self) -> None:
        self._counts: WeakSet[Traffic] = WeakSet()

    def add(self, traffic: Traffic) -> None:
        """Count a session in, as long as it lives."""
        self._counts.add(traffic)

    def collect(self) -> Iterable[Metric]:
        """Give the metrics, labelled by client."""
        counts = sorted(self._counts, key=lambda one: one.client_id)
        up = GaugeMetricFamily("meterkast_mqtt_connected", "Whether the session is connected", labels=["client"])
        for one in counts:
            up.add_metric([one.client_id], float(one.connected))
        yield up
        for name, text in COUNTERS.items():
            family = CounterMetricFamily(f"meterkast_mqtt_{name}", text, labels=["client"])
            for one in counts:
                family.add_metric([one.client_id], getattr(one, name))
            yield family


TRAFFIC = TrafficCollector()
REGISTRY.register(TRAFFIC)
