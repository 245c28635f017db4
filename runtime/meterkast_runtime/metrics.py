"""Prometheus metrics, in the library's default registry."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

__all__ = ["REGISTRY", "Counter", "Gauge", "Histogram"]
