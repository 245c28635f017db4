"""What only history can see: holes that stayed, counters that began anew, meters that came in another's place."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import Event, EventKind
from meterkast_store import HistoryStore, Hole, MeterInfo, Period

LOOK_BACK = timedelta(days=2)
SETTLED = timedelta(minutes=15)
_UTC = ZoneInfo("UTC")


async def findings(store: HistoryStore, now: datetime, gateways: Iterable[str] | None = None) -> list[Event]:
    """Return the events that history lacks; a hole counts when a quarter of an hour has not filled it."""
    if gateways is not None:
        return [event for name in gateways for event in await _of_gateway(store, name, await store.meters(name), now)]
    meters = await store.meters()
    found: list[Event] = []
    for gateway in sorted({meter.gateway for meter in meters}):
        found += await _of_gateway(store, gateway, [meter for meter in meters if meter.gateway == gateway], now)
    return found


async def _of_gateway(store: HistoryStore, gateway: str, meters: Sequence[MeterInfo], now: datetime) -> list[Event]:
    seen = list(_replacements(meters))
    if max((meter.last for meter in meters), default=now - LOOK_BACK) > now - LOOK_BACK:
        usage = await store.usage(gateway, now - LOOK_BACK, now, Period.QUARTER, _UTC)
        seen += [_gap(gateway, hole) for hole in _by_start(usage.holes) if hole.end <= now - SETTLED]
    return await _unknown(store, seen)


async def _unknown(store: HistoryStore, seen: Sequence[Event]) -> list[Event]:
    unknown = []
    for event in seen:
        known = await store.events(event.gateway, event.at, event.at)
        if not any(other.kind is event.kind for other in known):
            unknown.append(event)
    return unknown


def _by_start(holes: Sequence[Hole]) -> Iterator[Hole]:
    """Give holes of several meters that begin together as one."""
    for start, group in groupby(holes, key=lambda hole: hole.start):
        together = list(group)
        values = {name: value for hole in together for name, value in hole.values.items()}
        yield Hole(start, max(hole.end for hole in together), values)


def _replacements(meters: Sequence[MeterInfo]) -> Iterator[Event]:
    for meter in meters:
        for epoch in meter.epochs[1:]:
            text = f"The counters of the {meter.kind} meter {meter.meter} began anew."
            yield _replaced(meter, epoch.start, text)
    for kind in sorted({meter.kind for meter in meters}):
        for old, new in pairwise([meter for meter in meters if meter.kind == kind]):
            if new.first > old.last:
                text = f"The {kind} meter {old.meter} was replaced by {new.meter}."
                yield _replaced(new, new.first, text, previous=old.meter, current=new.meter)


def _replaced(meter: MeterInfo, at: datetime, text: str, **detail: str) -> Event:
    return Event(
        gateway=meter.gateway, kind=EventKind.METER_REPLACED, at=at, meter_id=meter.meter, text=text,
        detail={"meter_kind": meter.kind, **detail},
    )  # fmt: skip


def _gap(gateway: str, hole: Hole) -> Event:
    seconds = int((hole.end - hole.start).total_seconds())
    start, end = (f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}" for time in (hole.start, hole.end))
    return Event(
        gateway=gateway,
        kind=EventKind.GAP,
        at=hole.start,
        text=f"No readings came between {start} and {end} UTC.",
        detail={"duration_s": seconds, **{name: value for name, value in hole.values.items() if value}},
    )
