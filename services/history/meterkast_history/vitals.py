"""How gateways and services do, in figures, from the last word of each."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from meterkast_contracts.messages import DeviceInfo, HealthStatus, ServiceHealth
from meterkast_contracts.topics import OFFLINE, ONLINE, Topics, service_status
from meterkast_store import Batch, Vital

from meterkast_history.intake import MalformedError
from meterkast_history.share import Share

SILENT_AFTER_S = 600
MOST_TOPICS = 100_000
MOST_BYTES = 8192
MOST_FIGURES = 40
LARGEST = 2.0**53
UP = frozenset({HealthStatus.OK, HealthStatus.DEGRADED})
_FIGURE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SERVICE = re.compile(service_status("([a-z0-9_-]{1,40})", "([A-Za-z0-9._-]{1,40})"))

Figures = dict[str, int | float]


class Vitals:
    """The last word of each gateway and service, kept as it came until it is asked for: a flood costs next to nothing.

    `dropped` is called for each message that makes no sense, or that there is no room for. Of several writers each has
    its share of the gateways, and the first has the services.
    """

    def __init__(self, topics: Topics, dropped: Callable[[], None], share: Share | None = None) -> None:
        self._topics = topics
        self._dropped = dropped
        self._share = share
        self._is_online: set[str] = set()
        self._told: dict[str, bytes] = {}
        self._read_at: dict[str, datetime] = {}

    @staticmethod
    def subscriptions(topics: Topics) -> tuple[str, ...]:
        """Return the filters that bring what it takes."""
        return topics.device("+"), topics.status("+"), service_status("+", "+")

    def take(self, topic: str, payload: bytes) -> None:
        """Remember what was said; an empty message, which clears a retained one, makes it forget."""
        if self._share and not self._is_ours(topic, self._share):
            return
        if not payload:
            self._forget(topic)
        elif len(payload) > MOST_BYTES or (topic not in self._told and len(self._told) >= MOST_TOPICS):
            self._dropped()
        else:
            self._told[topic] = payload
            if payload == ONLINE:
                self._is_online.add(topic)
            else:
                self._is_online.discard(topic)

    def _forget(self, topic: str) -> None:
        self._told.pop(topic, None)
        self._is_online.discard(topic)
        if topic.startswith(f"{self._topics.prefix}/"):
            self._read_at.pop(topic.split("/")[-2], None)

    def _is_ours(self, topic: str, share: Share) -> bool:
        if not topic.startswith(f"{self._topics.prefix}/"):
            return share.number == 1
        return share.has(topic.split("/")[-2])

    def read(self, gateway: str, received_at: datetime) -> None:
        """Note when a gateway's reading was received; an older one says nothing new."""
        known = self._read_at.get(gateway)
        if known is None or known < received_at:
            self._read_at[gateway] = received_at

    def known(self) -> int:
        """How many gateways have sent a reading."""
        return len(self._read_at)

    def online(self) -> int:
        """How many gateways say that they are online."""
        return len(self._is_online)

    def silent(self, now: datetime) -> int:
        """How many gateways have sent no reading for ten minutes."""
        return sum((now - at).total_seconds() > SILENT_AFTER_S for at in list(self._read_at.values()))

    def batch(self, now: datetime) -> Batch:
        """Return how everybody does now."""
        devices: dict[str, Figures] = defaultdict(lambda: {"known": 1})
        services: dict[tuple[str, str], Figures] = {}
        for topic, payload in list(self._told.items()):
            try:
                if service := _SERVICE.fullmatch(topic):
                    services[service[1], service[2]] = _service(payload)
                else:
                    parsed = self._topics.parse(topic)
                    figures = _DEVICE[parsed.kind](payload)
                    devices[parsed.gateway] |= figures
            except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
                self._told.pop(topic, None)
                self._dropped()
        for gateway, at in list(self._read_at.items()):
            devices[gateway]["silent_s"] = max(0, int((now - at).total_seconds()))
        return Batch(
            devices=[Vital(gateway, now, figures) for gateway, figures in devices.items()],
            services=[Vital(name, now, figures, instance) for (name, instance), figures in services.items()],
        )


def _service(payload: bytes) -> Figures:
    health = ServiceHealth.from_json(payload)
    return {**_sane(health.figures), "up": int(health.status in UP), "told": 1}


def _device(payload: bytes) -> Figures:
    device = DeviceInfo.from_json(payload)
    figures = {**_sane(device.counters), "uptime_s": device.uptime_s}
    return figures if device.signal_dbm is None else {**figures, "signal_dbm": device.signal_dbm}


def _status(payload: bytes) -> Figures:
    if payload not in (ONLINE, OFFLINE):
        raise MalformedError("a gateway is online or offline")
    return {"online": int(payload == ONLINE)}


_DEVICE: Mapping[str, Callable[[bytes], Figures]] = {"device": _device, "status": _status}


def _sane(figures: Mapping[str, int | float]) -> Figures:
    return dict(_fit(figures, MOST_FIGURES))


def _fit(figures: Mapping[str, int | float], most: int) -> Iterator[tuple[str, int | float]]:
    for name, value in list(figures.items())[:most]:
        if _FIGURE.fullmatch(name) and math.isfinite(value) and abs(value) <= LARGEST:
            yield name, value
