"""Every telegram of the collection beside the checkout, where there is one, decodes to its manifest's values."""

import re
from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from meterkast_contracts.messages import MbusReading, Reading, RejectReason
from meterkast_parser.decode import decode
from meterkast_parser.errors import TelegramError
from meterkast_parser.times import LocalTimes

from tests.collection import FOLDER, each, manifest

ZONE = ZoneInfo("Europe/Amsterdam")
TIMES = LocalTimes(ZONE)
HEAT_COLD = "heat/cool"
NAMES = {
    "in1": "energy_import_t1_kwh", "in2": "energy_import_t2_kwh", "in": "energy_import_kwh",
    "out1": "energy_export_t1_kwh", "out2": "energy_export_t2_kwh", "out": "energy_export_kwh",
    "p+": "power_import_w", "p-": "power_export_w", "tariff": "tariff", "peak": "peak_import_w",
    "avg15": "demand_import_w", "fails": "power_failures", "longfails": "long_power_failures",
    **{f"p+L{n}": f"power_import_l{n}_w" for n in (1, 2, 3)},
    **{f"p-L{n}": f"power_export_l{n}_w" for n in (1, 2, 3)},
    **{f"U{n}": f"voltage_l{n}_v" for n in (1, 2, 3)},
    **{f"I{n}": f"current_l{n}_a" for n in (1, 2, 3)},
}  # fmt: skip
SCALES: dict[str, Decimal | int] = {
    "kWh": 1,
    "Wh": Decimal("0.001"),
    "kW": 1000,
    "W": 1,
    "kV": 1000,
    "V": 1,
    "kA": 1000,
    "A": 1,
    "mA": Decimal("0.001"),
}


def expectations(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    for item in row["expected_values"].split("; "):
        key, _, value = item.partition("=")
        if value:
            yield key, value


ROWS = manifest()


def read(row: dict[str, str], *, check_crc: bool) -> Reading:
    raw = (FOLDER / row["file"]).read_bytes()
    return decode(raw, gateway="home", received_at=None, zone=ZONE, check_crc=check_crc)


def check_mbus(reading: Reading, key: str, expected: str) -> None:
    match = re.fullmatch(r"mbus(\d)\[(.*)\]", key)
    assert match
    (device,) = [device for device in reading.mbus if device.channel == int(match[1])]
    kind = {"none": "other", "?": "unknown", HEAT_COLD: "heat"}.get(match[2], match[2])
    assert device.kind == kind
    if expected == "no value line":
        assert device.value is None
        return
    check_mbus_value(device, expected)


def check_mbus_value(device: MbusReading, expected: str) -> None:
    number, unit, at = re.fullmatch(r"([\d.]+) ?(\S*?) ?@(\S+)", expected).groups()  # type: ignore[union-attr]
    if unit == "degC":
        assert device.extra["supply_temperature_c"] == Decimal(number)
        return
    assert device.value == Decimal(number)
    assert (device.unit or "") == unit
    absent = at == "-" or at.startswith(("6325", "7001"))
    assert device.measured_at == (None if absent else TIMES.parse(at))


def check_value(reading: Reading, key: str, expected: str) -> None:
    if key == "ts":
        absent = expected.startswith(("1234", "2500"))
        assert reading.measured_at == (None if absent else TIMES.parse(expected))
    elif key.startswith("mbus"):
        check_mbus(reading, key, expected)
    elif key == "peak":
        power = next(part for part in expected.split("|") if "*" in part)
        assert reading.values["peak_import_w"] == Decimal(power.partition("*")[0]) * 1000
    elif key in NAMES:
        number, _, unit = expected.partition(" ")
        assert reading.values[NAMES[key]] == Decimal(number) * SCALES.get(unit, 1), key


@each("row", ROWS)
def test_telegram_has_its_expected_values(row: dict[str, str]) -> None:
    """A telegram whose CRC holds, or that has none, decodes strictly; each value is the manifest's."""
    reading = read(row, check_crc=not row["crc_ok"].startswith("unverified"))
    for key, expected in expectations(row):
        if key not in ("ver", "gas rows"):
            check_value(reading, key, expected)


@each("row", [row for row in ROWS if row["crc_ok"].startswith("unverified")])
def test_telegram_with_a_stale_crc_is_refused(row: dict[str, str]) -> None:
    """A telegram whose printed CRC is not that of its text is refused for its CRC."""
    with pytest.raises(TelegramError) as refusal:
        read(row, check_crc=True)
    assert refusal.value.reason is RejectReason.CRC


@each("row", ROWS)
def test_reading_comes_back_from_its_json(row: dict[str, str]) -> None:
    """A reading's JSON reads back to the same reading, digit for digit."""
    reading = read(row, check_crc=False)
    assert Reading.from_json(reading.to_json()) == reading
