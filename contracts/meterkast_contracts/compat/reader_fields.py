"""The fields of a reading as DSMR-reader names, orders and writes them (its API v2 and its MQTT topics)."""

from collections.abc import Callable
from decimal import Decimal

from meterkast_contracts.compat.wire import fixed
from meterkast_contracts.messages import MbusKind, MbusReading, Number, Reading

Get = Callable[[str], Number | None]
_PHASES = ("l1", "l2", "l3")
Row = tuple[str, str, int, int | None]
READING: tuple[Row | None, ...] = (
    ("electricity_delivered_1", "energy_import_t1_kwh", 0, 3),
    ("electricity_returned_1", "energy_export_t1_kwh", 0, 3),
    ("electricity_delivered_2", "energy_import_t2_kwh", 0, 3),
    ("electricity_returned_2", "energy_export_t2_kwh", 0, 3),
    ("electricity_currently_delivered", "power_import_w", -3, 3),
    ("electricity_currently_returned", "power_export_w", -3, 3),
    *((f"phase_currently_delivered_{phase}", f"power_import_{phase}_w", -3, 3) for phase in _PHASES),
    None,
    *((f"phase_currently_returned_{phase}", f"power_export_{phase}_w", -3, 3) for phase in _PHASES),
    *((f"phase_voltage_{phase}", f"voltage_{phase}_v", 0, 1) for phase in _PHASES),
    *((f"phase_power_current_{phase}", f"current_{phase}_a", 0, None) for phase in _PHASES),
)
"""Field, our name, decimal shift, places (None: a whole number); the gas stands where the None is."""
NEVER_NULL = 6
"""The first fields are 0 where the meter lacks them, since the original has no null there."""
GAS_TIME, GAS_VALUE = "extra_device_timestamp", "extra_device_delivered"


def shown(value: Number, shift: int, places: int | None) -> str:
    """Return the value's digits, without the quotation marks that JSON puts around those with decimals."""
    return str(int(value)) if places is None else fixed(Decimal(value).scaleb(shift), places)


def gas_of(reading: Reading) -> MbusReading | None:
    """Return the gas meter that has answered."""
    return next((one for one in reading.mbus if one.kind is MbusKind.GAS and one.value is not None), None)
