"""From readings to what history keeps."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meterkast_contracts.catalogue import CATALOGUE, Kind
from meterkast_contracts.messages import Clock, MbusKind, MbusReading, Reading, Value
from meterkast_store import UnfitReadingError, mbus_samples_of, sample_of
from meterkast_store.columns import GAUGES, REGISTERS
from meterkast_store.sampling import row_sample, sample_row

from tests.store.houses import NOON

GAS = MbusReading(channel=1, kind=MbusKind.GAS, meter_id="G1", unit="m3", value=Decimal("1.5"), measured_at=NOON)


def reading(values: dict[str, Value], **fields: object) -> Reading:
    return Reading.model_validate(
        {"gateway": "home", "identification": "ID", "measured_at": NOON, "values": values, **fields}
    )


def test_history_keeps_what_the_catalogue_says() -> None:
    """Every kept row of the catalogue is a register or a gauge of history, but M-Bus has rows of its own."""
    kept = {entry.name for entry in CATALOGUE if entry.kept and not entry.codes[0].startswith("0-n:")}
    assert set(REGISTERS) | set(GAUGES) == kept
    assert {entry.name for entry in CATALOGUE if entry.name in REGISTERS and entry.kind is not Kind.REGISTER} == set()


def test_gas_is_counted_once() -> None:
    """What an M-Bus device has measured is kept at its own time, and not beside electricity a second time."""
    both = reading({"gas_m3": Decimal("1.5"), "energy_import_kwh": 7}, mbus=(GAS,))
    assert sample_of(both).registers == {"energy_import_wh": 7000}
    assert [sample.value for sample in mbus_samples_of(both)] == [1500]


def test_registers_are_integers_of_the_smallest_unit() -> None:
    """Kilowatt-hours become watt-hours, exactly; gauges stay numbers; the rest is not kept."""
    values: dict[str, Value] = {
        "energy_import_t1_kwh": Decimal("123456.789"), "energy_export_kwh": 7, "power_import_w": 424,
        "voltage_l1_v": Decimal("230.1"), "message_text": "hello", "voltage_sags_l1": 3,
    }  # fmt: skip
    sample = sample_of(reading(values))
    assert sample.registers == {"energy_import_t1_wh": 123_456_789, "energy_export_wh": 7000}
    assert sample.gauges == {"power_import_w": 424, "voltage_l1_v": 230.1}
    assert (sample.meter, sample.clock) == ("ID", Clock.METER)


@pytest.mark.parametrize(
    ("unit", "value", "register", "expected"),
    [
        ("m3", "1234.567", "gas_l", 1_234_567),
        ("GJ", "1.234567", "gas_kj", 1_234_567),
        ("MJ", "12.5", "gas_kj", 12_500),
        ("kWh", "1.5", "gas_wh", 1500),
    ],
)
def test_mbus_registers_are_named_by_kind_and_unit(unit: str, value: str, register: str, expected: int) -> None:
    """Cubic metres become litres, gigajoules kilojoules, kilowatt-hours watt-hours."""
    device = GAS.model_copy(update={"unit": unit, "value": Decimal(value)})
    (sample,) = mbus_samples_of(reading({}, mbus=[device]))
    assert (sample.register, sample.value, sample.measured_at) == (register, expected, NOON)


@pytest.mark.parametrize(
    "change",
    [{"unit": None}, {"value": None}, {"value": Decimal(-1)}, {"measured_at": NOON + timedelta(days=2)},
     {"measured_at": datetime(1970, 1, 1, tzinfo=UTC)}],
)  # fmt: skip
def test_mbus_readings_that_say_nothing_are_left_out(change: dict[str, object]) -> None:
    """A device that has not answered, a value or a time that cannot be: nothing is kept of it."""
    assert mbus_samples_of(reading({}, mbus=[GAS.model_copy(update=change)])) == []


@pytest.mark.parametrize("times", [{"measured_at": None}, {"measured_at": datetime(1970, 1, 1, tzinfo=UTC)}])
def test_a_reading_without_usable_time_is_refused(times: dict[str, object]) -> None:
    """A reading has a time between 2000 and 2100, or no place in history."""
    with pytest.raises(UnfitReadingError):
        sample_of(reading({}, **times))


def test_the_receive_time_stands_in_for_the_meters() -> None:
    """A meter without a clock is kept at the receive time, and it says so."""
    sample = sample_of(reading({}, measured_at=None, received_at=NOON))
    assert (sample.measured_at, sample.clock) == (NOON, Clock.RECEIVER)


ANY_VALUE = st.one_of(
    st.integers(),
    st.decimals(),
    st.text(max_size=3),
    st.sampled_from([Decimal("1e999999"), Decimal("1e-999999"), 2**80]),
)


@given(st.dictionaries(st.sampled_from([*REGISTERS, *GAUGES]), ANY_VALUE, max_size=6))
def test_whatever_a_value_is_it_becomes_a_row_or_nothing(values: dict[str, Value]) -> None:
    """Absurd values are left out; what is kept comes back from its row as it was."""
    sample = sample_of(Reading.model_construct(gateway="home", identification="ID", measured_at=NOON, values=values))
    kept = row_sample(sample_row(sample))
    assert kept.registers == sample.registers
    assert kept.gauges == pytest.approx(sample.gauges)
