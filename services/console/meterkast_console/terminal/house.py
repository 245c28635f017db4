"""What is known of the house now: made of the API's events, read by every screen."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from meterkast_console.sse import ServerEvent
from meterkast_console.terminal.figures import Number, moment, number

REMEMBERED = timedelta(minutes=30)
MOST_POINTS = 4000
MOST_NOTES = 200
EVENTS_SHOWN = 50
WELL = frozenset({"ok", "starting"})


@dataclass(frozen=True, slots=True)
class Point:
    """Power at a time, W."""

    at: datetime
    import_w: Number
    export_w: Number


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth a line: at a gateway, or at Meterkast itself where `gateway` is empty."""

    at: datetime
    gateway: str
    text: str
    bad: bool = False


@dataclass(slots=True)
class Gateway:
    """One P1 port: its newest reading as it stands on the bus, and what was seen of it of late."""

    name: str
    status: str = "unknown"
    reading: dict[str, Any] | None = None
    number: int = 0
    device: dict[str, Any] = field(default_factory=dict)
    today: dict[str, Any] | None = None
    points: deque[Point] = field(default_factory=lambda: deque(maxlen=MOST_POINTS))
    events: deque[Note] = field(default_factory=lambda: deque(maxlen=EVENTS_SHOWN))

    @property
    def read_at(self) -> datetime | None:
        """When the newest reading was received."""
        reading = self.reading or {}
        return moment(reading.get("received_at")) or moment(reading.get("measured_at"))

    def take_reading(self, reading: dict[str, Any]) -> None:
        """Take the newest reading."""
        self.reading = reading
        self.number += 1
        at, used = self.read_at, number(reading.get("power_import_w"))
        if at is None or used is None or (self.points and self.points[-1].at >= at):
            return
        self.points.append(Point(at, used, number(reading.get("power_export_w")) or 0))
        while self.points[0].at < at - REMEMBERED:
            self.points.popleft()

    def take_event(self, note: Note) -> None:
        """Take an event; the same one again changes nothing."""
        if note not in self.events:
            self.events = deque(sorted((*self.events, note), key=lambda one: one.at)[-EVENTS_SHOWN:], EVENTS_SHOWN)


@dataclass(slots=True)
class House:
    """All gateways and services; `trouble` says why the API is not heard, `since` from when on."""

    zone: tzinfo = UTC
    gateways: dict[str, Gateway] = field(default_factory=dict)
    services: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    notes: deque[Note] = field(default_factory=lambda: deque(maxlen=MOST_NOTES))
    heard: bool = False
    trouble: str | None = None
    missed: int = 0

    def gateway(self, name: str) -> Gateway:
        """The gateway of this name, known from now on."""
        return self.gateways.setdefault(name, Gateway(name))

    def names(self) -> list[str]:
        """Every gateway by name."""
        return sorted(self.gateways)

    def take(self, event: ServerEvent, now: datetime) -> None:
        """Take one event of the live stream; kinds that are not known are passed over."""
        data = event.data
        if event.kind == "reading":
            self.gateway(data["gateway"]).take_reading(data)
        elif event.kind == "status":
            self._status(self.gateway(data["gateway"]), data["status"], now)
        elif event.kind == "device":
            self.gateway(data["gateway"]).device = data
        elif event.kind == "event":
            self.gateway(data["gateway"]).take_event(event_note(data))
        elif event.kind == "service":
            self._service(data, now)
        elif event.kind == "rejected":
            text = f"A telegram was refused: {data.get('detail', data.get('reason', ''))}"
            self.notes.append(Note(now, data["gateway"], text, bad=True))
        elif event.kind == "skipped":
            self.missed += int(data["skipped"])
        elif event.kind == "live":
            self.heard, self.trouble = True, None

    def lost(self, trouble: str) -> None:
        """The API is heard no longer."""
        self.heard, self.trouble = False, trouble

    def _status(self, gateway: Gateway, status: str, now: datetime) -> None:
        if gateway.status not in ("unknown", status):
            self.notes.append(Note(now, gateway.name, f"The gateway is {status}.", bad=status != "online"))
        gateway.status = status

    def _service(self, health: dict[str, Any], now: datetime) -> None:
        key = (health["service"], health["instance"])
        before = self.services.get(key)
        self.services[key] = health
        was, now_is = before["status"] if before else health["status"], health["status"]
        if was != now_is and not {was, now_is} <= WELL:
            text = f"The {key[0]} is {now_is}. {health.get('detail') or ''}".rstrip()
            self.notes.append(Note(now, "", text, bad=now_is not in WELL))


def event_note(event: dict[str, Any]) -> Note:
    """An event of the contract as a line."""
    return Note(datetime.fromisoformat(event["at"]), event["gateway"], event["text"])
