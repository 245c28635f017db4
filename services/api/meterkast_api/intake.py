"""What arrives on MQTT becomes the present state and the live stream."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from meterkast_contracts.topics import OFFLINE, ONLINE, GatewayTopic, TopicError, Topics, service_status
from meterkast_runtime.log import get_logger
from meterkast_runtime.metrics import Counter, Histogram

from meterkast_api.gateways import SUMMARY, UNKNOWN, Gateway, Gateways, Telegram, status_frame
from meterkast_api.stream import Frame, Stream

RECEIVED = Counter("meterkast_api_messages", "Messages taken from MQTT", ["kind"])
IGNORED = Counter("meterkast_api_ignored_messages", "Messages that make no sense", ["kind"])
DELAY = Histogram(
    "meterkast_api_reading_delay_seconds",
    "From the receipt of a telegram to its reading on the live stream",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
CLOCK_SLACK = timedelta(minutes=1)
_LOG = get_logger("meterkast_api")
_SERVICE_STATUS = service_status("+", "+").split("/")


class NonsenseError(ValueError):
    """A payload is not what its topic promises."""


@dataclass(slots=True)
class Services:
    """Health of every service heard of, as it came, by topic."""

    by_topic: dict[str, bytes] = field(default_factory=dict)

    def json(self) -> bytes:
        """List of ServiceHealth."""
        return b"[%b]" % b",".join(payload for _, payload in sorted(self.by_topic.items()))

    def frames(self) -> Iterator[Frame]:
        """The present health of every service, as a stream's client gets it."""
        return (Frame("service", "", payload) for _, payload in sorted(self.by_topic.items()))


class Intake:
    """Takes one message at a time; a message that makes no sense is counted, told once per topic, and has no effect."""

    def __init__(
        self,
        topics: Topics,
        gateways: Gateways,
        services: Services,
        stream: Stream,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._topics = topics
        self._gateways = gateways
        self._services = services
        self._stream = stream
        self._now = now
        self._told: set[str] = set()
        self._takers: dict[str, Callable[[Gateway, GatewayTopic, bytes], None]] = {
            "reading": self._reading,
            "device": self._device,
            "telegram": self._telegram,
            "event": self._event,
            "rejected": self._rejected,
        }

    def subscriptions(self) -> tuple[str, ...]:
        """The topics to listen to from the start."""
        return (*self._gateways.subscriptions(self._topics), service_status("+", "+"))

    def take(self, topic: str, payload: bytes) -> None:
        """Take in one message."""
        kind = "unknown"
        try:
            if _is_service_status(topic):
                kind = "service"
                self._service(topic, payload)
            else:
                parsed = self._topics.parse(topic)
                kind = parsed.kind
                self._of_gateway(parsed, payload)
        except (TopicError, NonsenseError, orjson.JSONDecodeError) as error:
            self._ignore(topic, kind, error)
        else:
            RECEIVED.labels(kind).inc()

    def _of_gateway(self, topic: GatewayTopic, payload: bytes) -> None:
        if topic.kind == "status":
            self._status(topic.gateway, payload)
        elif self._gateways.holds(topic.gateway):
            with self._gateways.named(topic.gateway) as gateway:
                self._takers[topic.kind](gateway, topic, payload)

    def _ignore(self, topic: str, kind: str, error: Exception) -> None:
        IGNORED.labels(kind).inc()
        if topic not in self._told and len(self._told) < 1000:  # noqa: PLR2004 - no flood of topics fills the memory
            self._told.add(topic)
            _LOG.warning("a message makes no sense and is ignored", topic=topic, reason=str(error))

    def _reading(self, gateway: Gateway, topic: GatewayTopic, payload: bytes) -> None:
        if payload == gateway.reading:
            return
        if not payload:
            gateway.reading = gateway.reading_frame = gateway.reading_at = None
            gateway.summary = {}
            gateway.forget()
            return
        wire = _object(payload)
        at = _moment(wire.get("received_at")) or _moment(wire.get("measured_at"))
        now = self._now()
        if _older(at, gateway.reading_at, now):
            self._stream.publish(Frame("late", topic.gateway, payload))
            return
        frame = Frame("reading", topic.gateway, payload)
        gateway.reading, gateway.reading_at, gateway.reading_frame = payload, at, frame
        gateway.summary = {name: wire[name] for name in SUMMARY if name in wire}
        self._stream.publish(frame)
        if at is not None:
            DELAY.observe(max((now - at).total_seconds(), 0.0))

    def _status(self, gateway: str, payload: bytes) -> None:
        if payload not in (ONLINE, OFFLINE, b""):
            raise NonsenseError(f"a status is online or offline, not {payload[:40]!r}")
        status = payload.decode() or UNKNOWN
        if not payload and self._gateways.get(gateway) is not None:
            with self._gateways.named(gateway) as known:
                known.forget()
        if self._gateways.set_status(gateway, status) and self._gateways.holds(gateway):
            self._stream.publish(status_frame(gateway, status))

    def _device(self, gateway: Gateway, topic: GatewayTopic, payload: bytes) -> None:
        if payload == gateway.device:
            return
        if payload:
            _object(payload)
            self._stream.publish(Frame("device", topic.gateway, payload))
        gateway.device = payload or None

    def _telegram(self, gateway: Gateway, topic: GatewayTopic, payload: bytes) -> None:
        at = self._now() if topic.sent_ms is None else _of_unix_ms(topic.sent_ms)
        last = gateway.telegram
        if not payload or (last is not None and _older(at, last.received_at, self._now())):
            return
        gateway.telegram = Telegram(payload, at)
        data = {"gateway": topic.gateway, "received_at": at, "telegram": payload.decode("latin-1")}
        self._stream.publish(Frame("telegram", topic.gateway, orjson.dumps(data, option=orjson.OPT_UTC_Z)))

    def _event(self, _gateway: Gateway, topic: GatewayTopic, payload: bytes) -> None:
        _object(payload)
        self._stream.publish(Frame("event", topic.gateway, payload))

    def _rejected(self, gateway: Gateway, topic: GatewayTopic, payload: bytes) -> None:
        _object(payload)
        gateway.rejected.append(payload)
        self._stream.publish(Frame("rejected", topic.gateway, payload))

    def _service(self, topic: str, payload: bytes) -> None:
        if not payload:
            self._services.by_topic.pop(topic, None)
        elif payload != self._services.by_topic.get(topic):
            _object(payload)
            self._services.by_topic[topic] = payload
            self._stream.publish(Frame("service", "", payload))


def _is_service_status(topic: str) -> bool:
    parts = topic.split("/")
    return len(parts) == len(_SERVICE_STATUS) and all(
        want in ("+", part) for want, part in zip(_SERVICE_STATUS, parts, strict=True)
    )


def _object(payload: bytes) -> dict[str, Any]:
    wire = orjson.loads(payload)
    if not isinstance(wire, dict):
        raise NonsenseError("the JSON is no object")
    return wire


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise NonsenseError(f"{text!r} is no time") from error
    if found.tzinfo is None:
        raise NonsenseError(f"{text!r} has no offset")
    return found


def _of_unix_ms(sent_ms: int) -> datetime:
    try:
        return datetime.fromtimestamp(sent_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise NonsenseError(f"{sent_ms} ms is no time") from error


def _older(at: datetime | None, newest: datetime | None, now: datetime) -> bool:
    """Whether something came late; a newest in the future is a clock that was wrong and is overruled."""
    return at is not None and newest is not None and at < newest <= now + CLOCK_SLACK
