"""Prometheus metrics of the reader, by gateway."""

from meterkast_runtime.metrics import Counter, Gauge, total


class ReaderMetrics:
    """Counters and gauges under one roof, so that the default registry sees each once."""

    def __init__(self) -> None:
        self._events = Counter(
            "meterkast_reader_events",
            "Telegrams, CRC errors, discarded bytes… read from P1 ports",
            ["gateway", "event"],
        )
        self._waiting = Gauge("meterkast_reader_waiting", "Telegrams not yet acknowledged by the broker", ["gateway"])
        self._dropped = Gauge("meterkast_reader_dropped", "Telegrams dropped since the spool was full", ["gateway"])
        self._late = Gauge("meterkast_reader_late", "Telegrams sent late", ["gateway"])

    def count(self, gateway: str, event: str, amount: int) -> None:
        """Count something read."""
        self._events.labels(gateway, event).inc(amount)

    def counted(self, event: str) -> int | float:
        """Return how often something was read, on all gateways."""
        return total(self._events, event=event)

    def waiting(self) -> int | float:
        """Return how many telegrams the broker has not yet acknowledged, of all gateways."""
        return total(self._waiting)

    def show(self, gateway: str, *, waiting: int, dropped: int, late: int) -> None:
        """Show how the spool stands."""
        self._waiting.labels(gateway).set(waiting)
        self._dropped.labels(gateway).set(dropped)
        self._late.labels(gateway).set(late)


METRICS = ReaderMetrics()
