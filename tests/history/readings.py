"""Readings as the parser publishes them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from meterkast_contracts.messages import MbusKind, MbusReading, Reading

START = datetime(2026, 3, 10, 12, tzinfo=UTC)
KEPT_DAYS = 36_500
"""So long samples are kept, that those of START still are."""


def reading(number: int, *, gateway: str = "home", every_s: int = 1, meter: str = "E0043") -> Reading:
    """The number-th reading of a house that uses 1 Wh between readings and 10 litres of gas in five minutes."""
    at = START + timedelta(seconds=number * every_s)
    gas_at = at - timedelta(seconds=int(at.timestamp()) % 300)
    return Reading(
        gateway=gateway,
        identification="TST5\\meter",
        meter_id=meter,
        measured_at=at,
        received_at=at + timedelta(milliseconds=300),
        values={
            "energy_import_t1_kwh": Decimal(1_000_000 + number).scaleb(-3),
            "energy_import_t2_kwh": Decimal("77.000"),
            "power_import_w": 3600 // every_s,
            "power_export_w": 0,
            "voltage_l1_v": Decimal("230.1"),
            "tariff": 1,
        },
        mbus=(
            MbusReading(
                channel=1, kind=MbusKind.GAS, meter_id="G0001", unit="m3", measured_at=gas_at,
                value=Decimal(int((gas_at - START).total_seconds()) // 300 * 10 + 5_000_000).scaleb(-3),
            ),
        ),
    )  # fmt: skip
