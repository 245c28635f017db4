"""Prometheus metrics, in the library's default registry."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

__all__ = ["REGISTRY", "Counter", "Gauge", "Histogram", "total"]


def total(metric: Counter | Gauge, **labels: str) -> int | float:
    """Return the sum of a metric's values over all its labels but those given."""
    values = [
        sample.value
        for family in metric.collect()
        for sample in family.samples
        if not sample.name.endswith("_created") and labels.items() <= sample.labels.items()
    ]
    found = sum(values)
    return int(found) if found == int(found) else found
