"""What happened between two readings of one gateway."""

from collections.abc import Iterator

from meterkast_contracts.messages import Clock, Event, EventKind, Reading, Value

_PHASES = ("l1", "l2", "l3")
_WATCHED = (
    "tariff", "message_text", "power_failures",
    *(f"voltage_{what}_{phase}" for what in ("sags", "swells") for phase in _PHASES),
)  # fmt: skip


def events_between(previous: Reading, current: Reading) -> Iterator[Event]:
    """Yield the events that turn the previous reading into the current one; a replaced meter hides all others."""
    if previous.meter_id and current.meter_id and previous.meter_id != current.meter_id:
        yield _event(
            current, EventKind.METER_REPLACED, f"Meter {previous.meter_id} was replaced by {current.meter_id}.",
            previous=previous.meter_id, current=current.meter_id,
        )  # fmt: skip
        return
    yield from _power_failures(previous, current)
    yield from _voltage(previous, current)
    yield from _switches(previous, current)


def _event(reading: Reading, kind: EventKind, text: str, **detail: Value) -> Event:
    return Event(gateway=reading.gateway, kind=kind, at=reading.at, meter_id=reading.meter_id, text=text, detail=detail)


def _increase(previous: Reading, current: Reading, name: str) -> int:
    before, after = previous.number(name), current.number(name)
    return int(after - before) if before is not None and after is not None and after > before else 0


def _power_failures(previous: Reading, current: Reading) -> Iterator[Event]:
    logged = [entry for entry in current.power_failure_log if entry not in previous.power_failure_log]
    for entry in logged:
        text = f"The power was away for {entry.duration_s} s."
        event = _event(current, EventKind.POWER_FAILURE, text, duration_s=entry.duration_s)
        yield event.model_copy(update={"at": entry.ended_at})
    unlogged = _increase(previous, current, "power_failures") - len(logged)
    if unlogged > 0:
        yield _event(current, EventKind.POWER_FAILURE, f"{unlogged} short power failures were counted.", count=unlogged)


def _voltage(previous: Reading, current: Reading) -> Iterator[Event]:
    for kind, what in ((EventKind.VOLTAGE_SAG, "sags"), (EventKind.VOLTAGE_SWELL, "swells")):
        counts = {phase: _increase(previous, current, f"voltage_{what}_{phase}") for phase in _PHASES}
        if found := {phase: count for phase, count in counts.items() if count}:
            phases = ", ".join(f"{count} on {phase.upper()}" for phase, count in found.items())
            yield _event(current, kind, f"Voltage {what} were counted: {phases}.", **found)


def _switches(previous: Reading, current: Reading) -> Iterator[Event]:
    before, after = previous.values.get("tariff"), current.values.get("tariff")
    if before is not None and after is not None and before != after:
        yield _event(current, EventKind.TARIFF_SWITCH, f"Tariff {after} follows tariff {before}.", tariff=after)
    message = current.values.get("message_text")
    if message and message != previous.values.get("message_text"):
        yield _event(current, EventKind.MESSAGE, f"The grid operator says: {message}", message=message)
    if is_clock_wrong(current) and not is_clock_wrong(previous):
        warning = next(w for w in current.warnings if w.startswith("clock"))
        yield _event(
            current, EventKind.CLOCK_WRONG, f"The receive time is used, since {warning.removeprefix('clock: ')}."
        )


def is_clock_wrong(reading: Reading) -> bool:
    """Whether the meter has a clock that could not be used."""
    return reading.clock is Clock.RECEIVER and any(warning.startswith("clock:") for warning in reading.warnings)


def marks_of(reading: Reading) -> tuple[object, ...]:
    """Return what events are made of: between two readings with equal marks nothing has happened."""
    values = reading.values
    return (
        reading.meter_id, *[values.get(name) for name in _WATCHED], reading.power_failure_log, is_clock_wrong(reading)
    )  # fmt: skip


def watched(reading: Reading) -> Reading:
    """Return the little of a reading that a later one must be compared with."""
    return Reading(
        gateway=reading.gateway,
        identification=reading.identification,
        meter_id=reading.meter_id,
        measured_at=reading.measured_at,
        received_at=reading.received_at,
        clock=reading.clock,
        values={name: reading.values[name] for name in _WATCHED if name in reading.values},
        power_failure_log=reading.power_failure_log,
        warnings=tuple(warning for warning in reading.warnings if warning.startswith("clock:")),
    )
