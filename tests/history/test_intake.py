"""From a message to what is to be written of it."""

from meterkast_contracts.topics import Topics
from meterkast_history.intake import Intake, batch_of
from meterkast_runtime.mqtt import Message


def test_a_cleared_reading_is_nothing_to_write() -> None:
    """A forgotten gateway's retained reading is cleared by an empty message, which is no malformed one."""
    entry = Intake(Topics()).entry(Message("dsmr/home/reading", b""))
    batch = batch_of([entry])
    assert [*batch.samples, *batch.mbus, *batch.events] == []
