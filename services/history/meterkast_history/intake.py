"""From a message to what is to be written of it."""

from dataclasses import dataclass
from datetime import datetime

from meterkast_contracts.messages import Event, Reading
from meterkast_contracts.topics import Topics
from meterkast_runtime.mqtt import Message
from meterkast_store import Batch, MbusSample, Sample, mbus_samples_of, sample_of

from meterkast_history.watch import NOTHING, Sighting, Watch

MOST_BYTES = 256 * 1024


class MalformedError(ValueError):
    """A message that is no reading or event, and why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one message brings to history."""

    message: Message
    sample: Sample | None = None
    mbus: tuple[MbusSample, ...] = ()
    event: Event | None = None
    sighting: Sighting = NOTHING

    @property
    def measured_at(self) -> datetime | None:
        """Time of the reading."""
        return self.sample.measured_at if self.sample else None


class Intake:
    """Reads messages; remembers whose telegrams name their meter, for one that lost the line."""

    def __init__(self, topics: Topics, watch: Watch | None = None) -> None:
        self._topics = topics
        self._watch = watch
        self._meters: dict[tuple[str, str], str] = {}

    def entry(self, message: Message) -> Entry:
        """Read a message; raises MalformedError, and nothing else, whatever its bytes."""
        if len(message.payload) > MOST_BYTES:
            raise MalformedError(f"it has {len(message.payload)} bytes, more than any reading")
        if not message.payload:  # a gateway was forgotten, and its retained reading cleared
            return Entry(message)
        try:
            topic = self._topics.parse(message.topic)
            if topic.kind == "event":
                event = Event.from_json(message.payload)
                _check_gateway(topic.gateway, event.gateway)
                return Entry(message, event=event)
            reading = self._named(Reading.from_json(message.payload))
            _check_gateway(topic.gateway, reading.gateway)
            sample, mbus = sample_of(reading), tuple(mbus_samples_of(reading))
            return Entry(message, sample, mbus, sighting=self._watch.see(reading) if self._watch else NOTHING)
        except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            raise MalformedError(str(error)) from error

    def _named(self, reading: Reading) -> Reading:
        key = reading.gateway, reading.identification
        if reading.meter_id:
            self._meters[key] = reading.meter_id
        elif key in self._meters:
            return reading.model_copy(update={"meter_id": self._meters[key]})
        return reading


def batch_of(entries: list[Entry]) -> Batch:
    """Return what is written together."""
    return Batch(
        samples=[entry.sample for entry in entries if entry.sample],
        mbus=[sample for entry in entries for sample in entry.mbus],
        events=[
            *(entry.event for entry in entries if entry.event),
            *(event for entry in entries for event in entry.sighting.events),
        ],
    )


def _check_gateway(topic: str, payload: str) -> None:
    if topic != payload:
        raise MalformedError(f"it is on the topic of {topic}, but says that it is of {payload!r}")
