from datetime import UTC, datetime
from typing import Any

import pytest
from meterkast_contracts.events import events_between, marks_of, watched
from meterkast_contracts.messages import Clock, Event, EventKind, PowerFailure, Reading

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOGGED = PowerFailure(ended_at=datetime(2026, 11, 23, 11, tzinfo=UTC), duration_s=300)


def reading(values: dict[str, Any] | None = None, **fields: Any) -> Reading:
    return Reading(
        **{"gateway": "home", "identification": "MKT5", "meter_id": "1", "measured_at": AT, "values": values or {}}
        | fields
    )


def events(before: Reading, after: Reading) -> list[Event]:
    return list(events_between(before, after))


def test_nothing_happens_between_equal_readings() -> None:
    """Equal readings give no event."""
    same = reading({"tariff": 1, "power_failures": 3, "message_text": "hi"}, power_failure_log=(LOGGED,))
    assert events(same, same) == []


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ({"tariff": 1}, {"tariff": 2}, EventKind.TARIFF_SWITCH),
        ({"power_failures": 3}, {"power_failures": 4}, EventKind.POWER_FAILURE),
        ({"voltage_sags_l1": 3}, {"voltage_sags_l1": 4}, EventKind.VOLTAGE_SAG),
        ({"voltage_swells_l3": 3}, {"voltage_swells_l3": 4}, EventKind.VOLTAGE_SWELL),
        ({}, {"message_text": "hello"}, EventKind.MESSAGE),
    ],
)
def test_changed_value_is_an_event(before: dict[str, Any], after: dict[str, Any], kind: EventKind) -> None:
    """A switched tariff, a counter that rose and a new message are each one event at the reading's time."""
    (event,) = events(reading(before), reading(after))
    assert (event.kind, event.at, event.meter_id) == (kind, AT, "1")


@pytest.mark.parametrize("values", [{"tariff": 1}, {"power_failures": 3}, {"voltage_sags_l1": 3}])
def test_value_that_appears_is_no_event(values: dict[str, Any]) -> None:
    """A value that the previous telegram lacked says nothing about what happened since."""
    assert events(reading(), reading(values)) == []


def test_logged_failure_is_an_event_at_its_own_end() -> None:
    """A new entry in the failure log is an event with its duration, not counted again as a short one."""
    (event,) = events(reading({"power_failures": 3}), reading({"power_failures": 4}, power_failure_log=(LOGGED,)))
    assert (event.at, event.detail) == (LOGGED.ended_at, {"duration_s": 300})


def test_replaced_meter_hides_everything_else() -> None:
    """Another meter's counters are no events of the old one."""
    (event,) = events(reading({"power_failures": 3}), reading({"power_failures": 9, "tariff": 2}, meter_id="2"))
    assert (event.kind, event.detail) == (EventKind.METER_REPLACED, {"previous": "1", "current": "2"})


def test_wrong_clock_is_told_once() -> None:
    """A clock that becomes absurd is an event; that it stays so is none."""
    wrong = reading(clock=Clock.RECEIVER, warnings=("clock: the meter's '632525252525W' is absurd",))
    assert [event.kind for event in events(reading(), wrong)] == [EventKind.CLOCK_WRONG]
    assert events(wrong, wrong) == []


def test_meter_without_clock_is_no_event() -> None:
    """A DSMR 2.2 meter, which has no clock, is not one with a wrong clock."""
    assert events(reading(), reading(clock=Clock.RECEIVER)) == []


@pytest.mark.parametrize(
    "after",
    [
        reading({"tariff": 1, "power_failures": 3, "power_import_w": 5}),
        reading({"tariff": 2, "power_failures": 3}),
        reading({"tariff": 1, "power_failures": 5}, power_failure_log=(LOGGED,)),
        reading({"tariff": 1, "voltage_swells_l2": 1, "voltage_sags_l3": 2}),
        reading({"message_text": "hello"}, clock=Clock.RECEIVER, warnings=("clock: absurd", "other")),
        reading({"tariff": 1}, meter_id="2"),
    ],
)
def test_the_little_that_is_remembered_tells_the_same(after: Reading) -> None:
    """What is kept of a reading gives the same events as the whole of it, and none where the marks are equal."""
    before = reading({"tariff": 1, "power_failures": 3, "voltage_sags_l3": 1, "power_import_w": 4})
    told = events(before, after)
    assert events(watched(before), after) == told
    assert events(before, watched(after)) == told
    assert marks_of(watched(after)) == marks_of(after)
    assert not (told and marks_of(before) == marks_of(after))
