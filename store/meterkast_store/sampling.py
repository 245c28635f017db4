"""Between messages and what history keeps of them, and between that and rows."""

import json
from decimal import Decimal

import orjson
from meterkast_contracts.messages import Clock, Event, EventKind, MbusReading, Reading

from meterkast_store.columns import GAUGES, REGISTERS, gauge_decimals, gauge_value, natural, register_value
from meterkast_store.history import MbusSample, Sample
from meterkast_store.instants import from_ms, quarter_of, to_ms
from meterkast_store.rows import Field, Row, Series, Table

UNITS = {"m3": ("l", 3), "GJ": ("kj", 6), "MJ": ("kj", 3), "kWh": ("wh", 3)}
EARLIEST_MS = 946_771_200_000  # 2000-01-02: clocks that were never set begin on the first
LATEST_MS = 4_102_444_800_000  # 2100-01-01
DAY_MS = 86_400_000
RECEIVED = "received_lag"
RECEIVER_CLOCK = "receiver_clock"


class UnfitReadingError(ValueError):
    """A reading that has no place in history, and why."""


def sample_of(reading: Reading) -> Sample:
    """Return what history keeps of a reading; raise UnfitReadingError when it has no usable time."""
    measured_at = reading.measured_at or reading.received_at
    if measured_at is None:
        raise UnfitReadingError("the reading has neither measured_at nor received_at")
    if not EARLIEST_MS < to_ms(measured_at) < LATEST_MS:
        raise UnfitReadingError(f"its time, {measured_at}, cannot be")
    registers = {}
    for name, (column, shift) in REGISTERS.items():
        if (register := register_value(reading.values.get(name), shift)) is not None:
            registers[column] = register
    gauges = {}
    for name, decimals in GAUGES.items():
        if (gauge := gauge_value(reading.values.get(name), decimals)) is not None:
            gauges[name] = natural(gauge, decimals)
    return Sample(
        gateway=reading.gateway,
        meter=reading.meter_id or reading.identification,
        measured_at=measured_at,
        received_at=reading.received_at,
        clock=reading.clock if reading.measured_at else Clock.RECEIVER,
        registers=registers,
        gauges=gauges,
    )


def mbus_samples_of(reading: Reading) -> list[MbusSample]:
    """Return the reading's M-Bus registers that have a value, a unit and a time that can be."""
    return [sample for device in reading.mbus if (sample := _mbus_sample(reading, device)) is not None]


def _mbus_sample(reading: Reading, device: MbusReading) -> MbusSample | None:
    now = reading.measured_at or reading.received_at
    measured_at = device.measured_at or now
    if device.unit is None or measured_at is None or now is None:
        return None
    if not EARLIEST_MS < to_ms(measured_at) < to_ms(now) + DAY_MS:
        return None
    unit, shift = UNITS[device.unit]
    value = register_value(device.value, shift)
    if value is None:
        return None
    meter = device.meter_id or f"{reading.gateway} {device.kind}"
    return MbusSample(reading.gateway, device.kind, meter, measured_at, f"{device.kind}_{unit}", value)


def sample_row(sample: Sample) -> Row:
    """Return the row of a sample."""
    fields: dict[str, Field] = dict(sample.registers)
    for name, value in sample.gauges.items():
        scaled = gauge_value(value, GAUGES[name])
        if scaled is not None:
            fields[name] = scaled
    at = to_ms(sample.measured_at)
    if sample.received_at is not None:
        fields[RECEIVED] = to_ms(sample.received_at) - at
    if sample.clock is Clock.RECEIVER:
        fields[RECEIVER_CLOCK] = 1
    return Row(Series(Table.SAMPLE, sample.gateway, sample.meter), at, fields)


def row_sample(row: Row) -> Sample:
    """Return the sample of a row."""
    gauges: dict[str, int | float] = {}
    registers: dict[str, int] = {}
    for name, value in row.fields.items():
        decimals = gauge_decimals(name)
        if decimals is not None and isinstance(value, int | float):
            gauges[name] = natural(value, decimals)
        elif isinstance(value, int) and name not in (RECEIVED, RECEIVER_CLOCK):
            registers[name] = value
    received = from_ms(row.at + row.number(RECEIVED)) if RECEIVED in row.fields else None
    clock = Clock.RECEIVER if RECEIVER_CLOCK in row.fields else Clock.METER
    return Sample(row.series.gateway, row.series.name, from_ms(row.at), received, clock, registers, gauges)


def mbus_row(sample: MbusSample) -> Row:
    """Return the row of an M-Bus reading, at the boundary that ends its quarter."""
    measured = to_ms(sample.measured_at)
    at = quarter_of(measured)
    series = Series(Table.MBUS, sample.gateway, sample.meter, sample.kind)
    loose = {} if sample.lasting else {"loose": 1}
    return Row(series, at, {sample.register: sample.value, "lag": at - measured, **loose})


def event_row(event: Event) -> Row:
    """Return the row of an event; its open-ended detail is the one field that is JSON."""
    fields: dict[str, Field] = {"text": event.text}
    if event.meter_id is not None:
        fields["meter_id"] = event.meter_id
    if event.detail:
        fields["detail"] = _detail(event)
    return Row(Series(Table.EVENT, event.gateway, event.kind), to_ms(event.at), fields)


def _detail(event: Event) -> str:
    exact = {n: v if isinstance(v, str) else orjson.Fragment(f"{Decimal(v):f}") for n, v in event.detail.items()}
    return orjson.dumps(exact).decode()


def row_event(row: Row) -> Event:
    """Return the event of a row."""
    return Event(
        gateway=row.series.gateway,
        kind=EventKind(row.series.name),
        at=from_ms(row.at),
        meter_id=str(row.fields["meter_id"]) if "meter_id" in row.fields else None,
        text=str(row.fields["text"]),
        detail=json.loads(str(row.fields.get("detail", "{}")), parse_float=Decimal),
    )
