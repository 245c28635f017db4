"""The objects of DSMR-reader's API, field by field in its order; its decimals are strings with three places."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from meterkast_contracts.compat.reader_fields import GAS_TIME, GAS_VALUE, NEVER_NULL, READING, Get, shown
from meterkast_contracts.compat.wire import fixed, members, quoted, scaled
from meterkast_contracts.messages import MbusReading, Number, Reading
from meterkast_store.history import Sample, UsageRow
from meterkast_store.instants import to_ms

from meterkast_api.compat.dial import GAS
from meterkast_api.compat.reader_costs import DayCost

TARIFFS = {1: "Daltarief", 2: "Normaaltarief"}
"""The original's names where nobody has chosen others."""
NULL = "null"
ELECTRICITY = (
    ("electricity1", "energy_import_t1_wh"),
    ("electricity2", "energy_import_t2_wh"),
    ("electricity1_returned", "energy_export_t1_wh"),
    ("electricity2_returned", "energy_export_t2_wh"),
)
PRICES = (
    "electricity_delivered_1", "electricity_delivered_2", "electricity_returned_1", "electricity_returned_2",
    "gas", "fixed_daily_cost",
)  # fmt: skip
PRICE_PLACES = 6
CENTS = 2


def iso(at: datetime, zone: ZoneInfo) -> str:
    """Return the time as a JSON string with the home's offset."""
    return quoted(at.astimezone(zone).isoformat())


def reading_object(at: datetime, get: Get, gas: MbusReading | None, zone: ZoneInfo) -> str:
    """Return one of `/datalogger/dsmrreading`; `get` gives values by our names."""
    return _object(("id", str(to_ms(at))), ("timestamp", iso(at, zone)), *_reading_fields(get, gas, zone))


def values_of(sample: Sample) -> Get:
    """Return what gives a sample's values by catalogue name."""

    def get(name: str) -> Number | None:
        if name.endswith("_kwh"):
            register = sample.registers.get(f"{name.removesuffix('_kwh')}_wh")
            return None if register is None else scaled(register, 3)
        gauge = sample.gauges.get(name)
        return Decimal(repr(gauge)) if isinstance(gauge, float) else gauge

    return get


def electricity_live(reading: Reading, now: datetime, zone: ZoneInfo, *, per_hour: Decimal | None) -> str:
    """Return `/consumption/electricity-live`; `per_hour` is what an hour at this power costs."""
    tariff = reading.number("tariff")
    name = TARIFFS.get(int(tariff)) if tariff is not None else None
    return _object(
        ("timestamp", iso(min(now, reading.at), zone)),
        ("currently_delivered", str(int(reading.number("power_import_w") or 0))),
        ("currently_returned", str(int(reading.number("power_export_w") or 0))),
        ("cost_per_hour", NULL if per_hour is None else _money(per_hour)),
        ("tariff_name", NULL if name is None else quoted(name)),
    )


def gas_live(at: datetime, litres: int, zone: ZoneInfo, *, cost: Decimal | None) -> str:
    """Return `/consumption/gas-live`: what was used in the hour before `at`."""
    told = (("timestamp", iso(at, zone)), ("currently_delivered", _float(scaled(litres, 3))))
    return _object(*told, *(() if cost is None else (("cost_per_interval", _money(cost)),)))


def today(day: date, used: Mapping[str, int], cost: DayCost, prices: Sequence[Decimal] | None) -> str:
    """Return `/consumption/today`; its decimals are numbers. Without `prices` no contract holds."""
    values = [(name, used.get(field, 0)) for name, field in ELECTRICITY]
    merged = [values[0][1] + values[1][1], values[2][1] + values[3][1]]
    gas = (("gas", _float(scaled(used.get(GAS, 0), 3))), ("gas_cost", _cents(cost.gas)))
    told = ["0"] * len(PRICES) if prices is None else [_float(Decimal(fixed(one, PRICE_PLACES))) for one in prices]
    return _object(
        ("day", quoted(day.isoformat())),
        *((name, _float(scaled(value, 3))) for name, value in values),
        ("electricity_merged", _float(scaled(merged[0], 3))),
        ("electricity_returned_merged", _float(scaled(merged[1], 3))),
        *((f"electricity{tariff}_cost", _cents(amount)) for tariff, amount in enumerate(cost.electricity, 1)),
        ("total_cost", _cents(cost.total)),
        *(gas if GAS in used else ()),
        ("fixed_cost", _cents(cost.fixed)),
        *((f"energy_supplier_price_{name}", price) for name, price in zip(PRICES, told, strict=True)),
        *(gas if GAS not in used else ()),
    )


def day_object(row: UsageRow, opening: Mapping[str, int] | None, cost: DayCost, zone: ZoneInfo) -> str:
    """Return one of `/statistics/day`; `opening` is what the dials showed when the day began, where that is known."""
    day = row.start.astimezone(zone).date()
    at = NULL if opening is None else iso(row.start, zone)
    has_gas = opening is not None and GAS in opening
    return _object(
        ("id", str(day.toordinal())),
        ("day", quoted(day.isoformat())),
        *_used(row),
        *((f"electricity{tariff}_cost", _money(amount)) for tariff, amount in enumerate(cost.electricity, 1)),
        ("gas", _kilo(row.values.get(GAS, 0))),
        ("gas_cost", _money(cost.gas)),
        *((f"{which}_temperature", NULL) for which in ("lowest", "highest", "average")),
        ("fixed_cost", _money(cost.fixed)),
        ("total_cost", _money(cost.total)),
        ("electricity_reading_timestamp", at),
        *((f"{name}_reading", _opened(opening, field)) for name, field in ELECTRICITY),
        ("gas_reading_timestamp", at if has_gas else NULL),
        ("gas_reading", _opened(opening, GAS)),
    )


def hour_object(row: UsageRow, zone: ZoneInfo) -> str:
    """Return one of `/statistics/hour`."""
    return _object(
        ("id", str(to_ms(row.start) // 3_600_000)),
        ("hour_start", iso(row.start, zone)),
        *_used(row),
        ("gas", _kilo(row.values.get(GAS, 0))),
    )


def _shown(value: Number, shift: int, places: int | None) -> str:
    text = shown(value, shift, places)
    return text if places is None else quoted(text)


def _reading_fields(get: Get, gas: MbusReading | None, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    for index, row in enumerate(READING):
        if row is None:
            at = gas.measured_at if gas is not None else None
            yield GAS_TIME, NULL if at is None else iso(at, zone)
            yield GAS_VALUE, NULL if gas is None else quoted(fixed(gas.value or 0, 3))
            continue
        field, name, shift, places = row
        value = get(name)
        if value is None and index < NEVER_NULL:
            value = 0
        yield field, NULL if value is None else _shown(value, shift, places)


def _used(row: UsageRow) -> Iterator[tuple[str, str]]:
    for name, field in ELECTRICITY:
        yield name, _kilo(row.values.get(field, 0))


def _opened(opening: Mapping[str, int] | None, field: str) -> str:
    return NULL if opening is None or field not in opening else _kilo(opening[field])


def _kilo(value: int) -> str:
    return quoted(fixed(scaled(value, 3), 3))


def _money(value: Decimal) -> str:
    return quoted(fixed(value, CENTS))


def _cents(value: Decimal) -> str:
    return _float(Decimal(fixed(value, CENTS)))


def _float(value: Decimal) -> str:
    """The number as Python prints a float of it: without needless zeros, but with one decimal."""
    whole, _, decimals = f"{value:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0') or '0'}"


def _object(*pairs: tuple[str, str]) -> str:
    return f"{{{members(pairs)}}}"
