"""Tells Home Assistant of every meter, once per shape: MQTT discovery by device."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from meterkast_contracts.catalogue import BY_NAME
from meterkast_contracts.messages import DeviceInfo, MbusKind, Reading

from meterkast_parser.homeassistant.components import Place, gateway_of
from meterkast_parser.homeassistant.devices import METER, Device, Platforms, mbus_device, meter_device, recalled, topic
from meterkast_parser.homeassistant.shape import (
    GatewayShape,
    MbusShape,
    MeterShape,
    gateway_shape,
    mbus_shapes,
    meter_shape,
    same,
)
from meterkast_parser.homeassistant.traits import TIMES
from meterkast_parser.outgoing import Outgoing

GONE_AFTER = timedelta(days=1)
"""So long an M-Bus meter may be absent, without another of its kind in its place, before it is taken out."""
PATIENCE = timedelta(seconds=5)
"""So long a new gateway is awaited to say what it is: two messages at once are more than Home Assistant takes in."""


@dataclass(slots=True)
class _Known:
    """What Home Assistant was told of one gateway."""

    place: Place
    gateway: GatewayShape = field(default_factory=GatewayShape)
    last: Reading | None = None
    """The reading that was looked at last; those after it had its shape."""
    meter: MeterShape | None = None
    mbus: dict[str, MbusShape] = field(default_factory=dict)
    platforms: dict[str, Platforms] = field(default_factory=dict)
    """Per device, by its object id: the entities of its newest message."""
    sent: dict[str, int] = field(default_factory=dict)
    """Per device: the hash of the message that was sent by this connection."""
    absent: dict[str, datetime] = field(default_factory=dict)
    awaited_until: datetime | None = None
    """When a gateway that says nothing of itself is told without it."""

    def awaits_gateway(self, now: datetime) -> bool:
        """Whether the gateway may still be about to say what it is."""
        if self.gateway.version is not None:
            return False
        if self.awaited_until is None:
            self.awaited_until = now + PATIENCE
        return now < self.awaited_until


class Discovery:
    """Publishes discovery messages: when a shape is new or has changed, and again with every connection."""

    def __init__(self, prefix: str, place_of: Callable[[str], Place]) -> None:
        """`place_of` gives the places of a gateway's values."""
        self._prefix = prefix
        self._place_of = place_of
        self._by_gateway: dict[str, _Known] = {}

    def filters(self) -> tuple[str, ...]:
        """Return the filter of the messages that an earlier run left."""
        return (topic(self._prefix, "+", "+"),)

    def is_topic(self, message_topic: str) -> bool:
        """Whether it is a topic of discovery by device."""
        return message_topic.startswith(f"{self._prefix}/device/")

    def retained(self, gateway: str) -> tuple[str, ...]:
        """Return the filter of a gateway's messages."""
        return (topic(self._prefix, self._place_of(gateway).node, "+"),)

    def recall(self, message_topic: str, payload: bytes) -> bool:
        """Take what an earlier run told of a device; return whether it was one of us."""
        node, _, key = message_topic.removeprefix(f"{self._prefix}/device/").removesuffix("/config").partition("/")
        gateway = gateway_of(node)
        found = recalled(payload, self._place_of(gateway)) if gateway is not None else None
        if gateway is None or found is None:
            return False
        known = self._known(gateway)
        known.platforms[key] = found.platforms
        if key == METER:
            names = frozenset(name for name in found.platforms if name in BY_NAME or name in TIMES)
            known.meter = MeterShape(names, found.meter_id)
        return True

    def again(self) -> None:
        """Tell everything anew: the broker may have lost it."""
        for known in self._by_gateway.values():
            known.sent.clear()

    def forget(self, gateway: str) -> None:
        """Begin anew with a gateway whose messages were cleared; what it said of itself holds."""
        if (known := self._by_gateway.get(gateway)) is not None:
            self._by_gateway[gateway] = _Known(known.place, known.gateway)

    def device(self, gateway: str, info: DeviceInfo) -> Iterator[Outgoing]:
        """Return what changes by what a gateway says of itself; nothing before its first reading."""
        known = self._known(gateway)
        shape = gateway_shape(info)
        if shape != known.gateway:
            known.gateway = shape
            if known.sent and known.meter is not None:
                yield from self._told(known, METER, meter_device(known.meter, shape, known.place, _of(known, METER)))

    def messages(self, previous: Reading | None, reading: Reading) -> Iterator[Outgoing]:
        """Return what changes by a reading, which is nothing for all but a few."""
        known = self._known(reading.gateway)
        del previous  # a parser that shares telegrams with others does not know it
        unchanged = known.sent and known.last is not None and same(known.last, reading)
        if not known.sent and known.awaits_gateway(reading.at):
            return iter(())
        if unchanged and (not known.absent or reading.at - min(known.absent.values()) < GONE_AFTER):
            return iter(())
        return self._changes(known, reading)

    def _changes(self, known: _Known, reading: Reading) -> Iterator[Outgoing]:
        known.last = reading
        found = {shape.key: _merged_mbus(known.mbus.get(shape.key), shape) for shape in mbus_shapes(reading)}
        yield from self._removals(known, found, reading.at)
        known.mbus |= found
        meter = known.meter = _merged(known.meter, meter_shape(reading))
        yield from self._told(known, METER, meter_device(meter, known.gateway, known.place, _of(known, METER)))
        for key in found:
            yield from self._told(known, key, mbus_device(known.mbus[key], known.place, _of(known, key)))

    def _removals(self, known: _Known, found: Mapping[str, MbusShape], now: datetime) -> Iterator[Outgoing]:
        """Take out M-Bus meters with another of their kind in their place, and those that are absent for long."""
        earlier = known.platforms.keys() - {METER}
        new_kinds = {shape.kind for key, shape in found.items() if key not in earlier}
        known.absent = {key: known.absent.get(key, now) for key in sorted(earlier - found.keys())}
        for key, since in list(known.absent.items()):
            if _kind(key) in new_kinds or now - since >= GONE_AFTER:
                for table in (known.absent, known.platforms, known.sent, known.mbus):
                    table.pop(key, None)
                yield Outgoing(topic(self._prefix, known.place.node, key), b"", retain=True)

    def _told(self, known: _Known, key: str, device: Device) -> Iterator[Outgoing]:
        known.platforms[key] = device.platforms
        if known.sent.get(key) != (digest := hash(device.payload)):
            known.sent[key] = digest
            yield Outgoing(topic(self._prefix, known.place.node, key), device.payload, retain=True)

    def _known(self, gateway: str) -> _Known:
        if (known := self._by_gateway.get(gateway)) is None:
            known = self._by_gateway[gateway] = _Known(self._place_of(gateway))
        return known


def _of(known: _Known, key: str) -> Platforms:
    return known.platforms.get(key, {})


def _merged(earlier: MeterShape | None, now: MeterShape) -> MeterShape:
    """Keep what the same meter had in earlier telegrams: some send this and that by turns."""
    if earlier is None or earlier.meter_id != now.meter_id:
        return now
    return replace(now, names=earlier.names | now.names)


def _merged_mbus(earlier: MbusShape | None, now: MbusShape) -> MbusShape:
    if earlier is None:
        return now
    return replace(
        now,
        extras=earlier.extras | now.extras,
        has_time=earlier.has_time or now.has_time,
        has_valve=earlier.has_valve or now.has_valve,
    )


def _kind(key: str) -> MbusKind | None:
    """Return the kind that begins a device's object id."""
    kinds = [kind for kind in MbusKind if key == kind or key.startswith(f"{kind}_")]
    return max(kinds, key=len, default=None)
