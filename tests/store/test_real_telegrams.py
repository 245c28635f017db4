"""Every telegram of the collection beside the checkout, where there is one, becomes rows of history."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from meterkast_contracts.messages import MbusReading, Reading
from meterkast_parser.decode import decode
from meterkast_parser.errors import TelegramError
from meterkast_store import mbus_samples_of, sample_of
from meterkast_store.columns import GAUGES, REGISTERS
from meterkast_store.sampling import UNITS, row_sample, sample_row

from tests.collection import each, telegrams

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@each("file", telegrams())
def test_history_holds_a_telegrams_values_exactly(file: Path) -> None:
    """From telegram over JSON to row and back: each kept value is the telegram's, to the smallest unit we keep."""
    try:
        raw = file.read_bytes()
        made = decode(raw, gateway="home", received_at=NOW, zone=ZoneInfo("Europe/Amsterdam"), check_crc=False)
    except TelegramError:
        return
    reading = Reading.from_json(made.to_json())
    kept = row_sample(sample_row(sample_of(reading)))
    for name, (column, shift) in REGISTERS.items():
        value = reading.number(name)
        assert kept.registers.get(column) == (None if value is None else int(Decimal(value).scaleb(shift)))
    for name in GAUGES:
        value = reading.number(name)
        assert kept.gauges.get(name) == (None if value is None else pytest.approx(float(value), abs=1e-12))
    answered = [one for one in reading.mbus if one.unit and one.value is not None and has_met_its_clock(one)]
    samples = mbus_samples_of(reading)
    assert [one.value for one in answered] == [
        Decimal(sample.value).scaleb(-UNITS[one.unit or "m3"][1]) for one, sample in zip(answered, samples, strict=True)
    ]


def has_met_its_clock(device: MbusReading) -> bool:
    """Whether the device's time is not the one that meters start from, 2000."""
    return device.measured_at is None or device.measured_at > datetime(2000, 1, 2, tzinfo=UTC)
