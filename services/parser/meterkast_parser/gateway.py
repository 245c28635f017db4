"""What the parser remembers of one gateway, and what one telegram of it gives to publish."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from meterkast_contracts.events import events_between
from meterkast_contracts.messages import Clock, Event, Reading
from meterkast_contracts.topics import Topics

from meterkast_parser.decode import decode
from meterkast_parser.errors import TelegramError
from meterkast_parser.lane import Lane
from meterkast_parser.outgoing import Outgoing, Publisher
from meterkast_parser.rejections import RejectionLog
from meterkast_parser.shapes import Shapes
from meterkast_parser.telegram import find_end, line_spans
from meterkast_parser.values import changed_codes, changed_values, single_values

_RESOLUTION = timedelta(milliseconds=1)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Options:
    """How telegrams become messages."""

    zone: ZoneInfo
    topics: Topics
    interval_s: int = 0
    publish_obis: bool = True
    publish_values: bool = True
    check_crc: bool = True
    lane: Lane | None = None
    """Where the parser stands among those that share the telegrams; alone it sees them all and may compare them."""
    shapes: Shapes = field(default_factory=Shapes)
    publishers: tuple[Publisher, ...] = ()


class Gateway:
    """The state of one gateway: its newest reading, the lines that were published, its refusals."""

    def __init__(self, name: str, options: Options, monotonic: Callable[[], float]) -> None:
        self.name = name
        self.rejections = RejectionLog(name, monotonic)
        self._options = options
        self._newest: Reading | None = None
        self._newest_at = _NEVER
        self._published_lines: frozenset[str] = frozenset()
        self._published: Reading | None = None
        self._published_at = _NEVER
        self._last_receiver_time = _NEVER

    def remember(self, reading: Reading) -> None:
        """Take a reading that an earlier run published as the newest, so that no event between the runs is missed."""
        if self._newest is None:
            self._newest = reading
            self._newest_at = reading.at

    def again(self) -> None:
        """Publish every value anew with the next reading: the broker may have lost them."""
        self._published = None
        self._published_lines = frozenset()

    def take(self, raw: bytes, received_at: datetime, *, late: bool = False) -> Iterator[Outgoing]:
        """Return what one telegram gives to publish; raise TelegramError when it must be refused.

        `late`: the receive time came with it, and is that of no other telegram.
        """
        options = self._options
        reading = decode(
            raw,
            gateway=self.name,
            received_at=received_at,
            zone=options.zone,
            check_crc=options.check_crc,
            shapes=options.shapes,
        )
        if not late:
            reading = self._with_own_time(reading)
        at = reading.at
        if at < self._newest_at:
            return iter((self._reading_message(reading, retain=False),))
        self._newest_at = at
        if options.lane is not None:
            return self._messages(raw, reading, ())
        newest, self._newest = self._newest, reading
        return self._messages(raw, reading, () if newest is None else events_between(newest, reading))

    def reject(self, error: TelegramError, raw: bytes, received_at: datetime) -> Outgoing | None:
        """Count a refusal; return its message unless a flood of them is held back."""
        rejected = self.rejections.reject(error, raw, received_at)
        if rejected is None:
            return None
        return Outgoing(self._options.topics.rejected(self.name), rejected.to_json(), retain=False)

    def _with_own_time(self, reading: Reading) -> Reading:
        """Keep two readings without a meter's time from sharing a millisecond, which is what history knows them by."""
        if reading.clock is Clock.METER or reading.measured_at is None:
            return reading
        at = max(reading.measured_at, self._last_receiver_time + _RESOLUTION)
        if self._options.lane is not None:
            at = self._options.lane.at_or_after(at)
        self._last_receiver_time = at
        return reading if at == reading.measured_at else reading.model_copy(update={"measured_at": at})

    def _reading_message(self, reading: Reading, *, retain: bool) -> Outgoing:
        return Outgoing(self._options.topics.reading(self.name), reading.to_json(), retain)

    def _messages(self, raw: bytes, reading: Reading, events: Iterator[Event] | tuple[()]) -> Iterator[Outgoing]:
        topics = self._options.topics
        for event in events:
            yield Outgoing(topics.event(self.name), event.to_json(), retain=False)
        if self._is_due(reading):
            yield from self._values(raw, reading)
            yield self._reading_message(reading, retain=True)
            for publisher in self._options.publishers:
                yield from publisher.messages(self._published, reading)
            self._published = None if self._options.lane else reading
            self._published_at = reading.at

    def _is_due(self, reading: Reading) -> bool:
        """Whether a reading begins a new interval; intervals stand on the clock, so that boundaries have theirs."""
        interval = self._options.interval_s
        return not interval or reading.at.timestamp() // interval != self._published_at.timestamp() // interval

    def _values(self, raw: bytes, reading: Reading) -> Iterator[Outgoing]:
        options = self._options
        if options.publish_obis:
            text = raw[: find_end(raw)].decode("latin-1")
            lines = [text[start:end] for start, end in line_spans(text)]
            for code, text in changed_codes(self._published_lines, lines):
                yield Outgoing(options.topics.obis(self.name, code), text.encode(), retain=True)
            self._published_lines = frozenset() if options.lane else frozenset(lines)
        if options.publish_values:
            before = single_values(self._published) if self._published else {}
            for name, text in changed_values(before, single_values(reading)):
                yield Outgoing(options.topics.value(self.name, name), text.encode(), retain=True)
