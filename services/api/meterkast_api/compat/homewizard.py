"""The HomeWizard P1 meter's local API, version 1; what the meter lacks is absent, as it is with the original.

`wifi_ssid` is there even without a radio, as "": HomeWizard's own client knows by that key which version answers.
"""

import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from meterkast_contracts.compat.wire import energy, members, octets, plain, quoted, timestamp
from meterkast_contracts.messages import DeviceInfo, MbusKind, MbusReading, Number, Reading

from meterkast_api.compat.served import Served
from meterkast_api.database import Database
from meterkast_api.home import Home

PRODUCT_TYPE, PRODUCT_NAME, API_VERSION = "HWE-P1", "P1 Meter", "v1"
SYSTEM = '{"cloud_enabled":false}'
SERIAL_DOCUMENT = "compat-serial"
LOCAL = "02"
"""First byte of an address that no maker has given out (IEEE 802: locally administered)."""
EXTERNAL = {
    MbusKind.GAS: "gas_meter",
    MbusKind.HEAT: "heat_meter",
    MbusKind.HOT_WATER: "warm_water_meter",
    MbusKind.WATER: "water_meter",
}
PHASES = ("l1", "l2", "l3")
WEAKEST_DBM, DBM_PER_PERCENT = -100, 2
Getter = Callable[[Reading], Number | None]


def _of(name: str) -> Getter:
    return lambda reading: reading.number(name)


def _net(phase: str = "") -> Getter:
    """Power from the grid less power to it."""

    def value(reading: Reading) -> Number | None:
        ways = [reading.number(f"power_{way}_{phase}w") for way in ("import", "export")]
        if ways == [None, None]:
            return None
        return (ways[0] or 0) - (ways[1] or 0)

    return value


def _current(phase: str) -> Getter:
    """The current, negative where the phase gives power to the grid."""
    power = _net(f"{phase}_")

    def value(reading: Reading) -> Number | None:
        current = reading.number(f"current_{phase}_a")
        return -current if current is not None and (power(reading) or 0) < 0 else current

    return value


NUMBERS: tuple[tuple[str, Getter], ...] = (
    ("active_tariff", _of("tariff")),
    ("total_power_import_kwh", lambda reading: energy(reading, "import")),
    *((f"total_power_import_t{n}_kwh", _of(f"energy_import_t{n}_kwh")) for n in range(1, 5)),
    ("total_power_export_kwh", lambda reading: energy(reading, "export")),
    *((f"total_power_export_t{n}_kwh", _of(f"energy_export_t{n}_kwh")) for n in range(1, 5)),
    ("active_power_w", _net()),
    *((f"active_power_{phase}_w", _net(f"{phase}_")) for phase in PHASES),
    *((f"active_voltage_{phase}_v", _of(f"voltage_{phase}_v")) for phase in PHASES),
    *((f"active_current_{phase}_a", _current(phase)) for phase in PHASES),
    ("active_frequency_hz", _of("frequency_hz")),
    *((f"voltage_sag_{phase}_count", _of(f"voltage_sags_{phase}")) for phase in PHASES),
    *((f"voltage_swell_{phase}_count", _of(f"voltage_swells_{phase}")) for phase in PHASES),
    ("any_power_fail_count", _of("power_failures")),
    ("long_power_fail_count", _of("long_power_failures")),
    ("active_power_average_w", _of("demand_import_w")),
    ("montly_power_peak_w", _of("peak_import_w")),
)


def data(reading: Reading, device: DeviceInfo | None, zone: ZoneInfo) -> str:
    """Return `/api/v1/data`."""
    return (
        f"{{{members([*_meter(reading, device), *_numbers(reading), *_peak(reading, zone), *_mbus(reading, zone)])}}}"
    )


def device(serial: str, version: str) -> str:
    """Return `/api`."""
    pairs = (
        ("product_type", PRODUCT_TYPE),
        ("product_name", PRODUCT_NAME),
        ("serial", serial),
        ("firmware_version", version),
        ("api_version", API_VERSION),
    )
    return f"{{{members((name, quoted(value)) for name, value in pairs)}}}"


class Serial:
    """The serial number by which programs know this meter again: made once, kept for ever."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._number: str | None = None

    async def number(self, gateway: str = "") -> str:
        """Return twelve hexadecimal digits; those of a gateway of its own path are its own."""
        if self._number is None:
            self._number = await self._database.run(_kept_serial)
        if not gateway:
            return self._number
        return LOCAL + hashlib.sha256(f"{self._number} {gateway}".encode()).hexdigest()[:10]


class HomeWizardRoutes:
    """`/api`, `/api/v1/data`, `/api/v1/telegram` and `/api/v1/system`."""

    def __init__(self, served: Served, serial: Serial, home: Home, *, version: str) -> None:
        self._served = served
        self._serial = serial
        self._home = home
        self._version = version

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter()
        router.add_api_route("/api", self.device)
        router.add_api_route("/api/v1/data", self.data)
        router.add_api_route("/api/v1/telegram", self.telegram)
        router.add_api_route("/api/v1/system", self.system)
        return router

    async def device(self, request: Request) -> Response:
        """Give what this claims to be."""
        named = request.path_params.get("gateway", "")
        if named:
            await self._served.name(request)
        return self._served.answer(device(await self._serial.number(named), self._version))

    async def data(self, request: Request) -> Response:
        """Give what the meter says now."""
        reading, info = await self._served.reading(request), await self._served.device(request)
        return self._served.answer(data(reading, info, self._home.zone))

    async def telegram(self, request: Request) -> Response:
        """Give the newest telegram, untouched."""
        return self._served.answer((await self._served.telegram(request)).payload, "text/plain; charset=iso-8859-1")

    async def system(self) -> Response:
        """Say that there is no cloud."""
        return self._served.answer(SYSTEM)


def _kept_serial(connection: sqlite3.Connection) -> str:
    """The number, made in the same transaction where there is none yet."""
    fresh = (LOCAL + secrets.token_hex(5)).encode()
    connection.execute("INSERT INTO document VALUES (?, ?) ON CONFLICT DO NOTHING", (SERIAL_DOCUMENT, fresh))
    sql = "SELECT body FROM document WHERE name = ?"
    kept: bytes = connection.execute(sql, (SERIAL_DOCUMENT,)).fetchone()[0]
    return kept.decode()


def _meter(reading: Reading, device: DeviceInfo | None) -> Iterator[tuple[str, str]]:
    yield "wifi_ssid", '""'
    if device is not None and device.signal_dbm is not None:
        yield "wifi_strength", str(max(0, min(100, DBM_PER_PERCENT * (device.signal_dbm - WEAKEST_DBM))))
    if reading.version is not None and reading.version.isdecimal():
        yield "smr_version", str(int(reading.version))
    yield "meter_model", quoted(reading.identification)
    if reading.meter_id:
        yield "unique_id", quoted(octets(reading.meter_id))


def _numbers(reading: Reading) -> Iterator[tuple[str, str]]:
    for name, get in NUMBERS:
        value = get(reading)
        if value is not None:
            yield name, plain(value)


def _peak(reading: Reading, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    if reading.peak_import_at is not None:
        yield "montly_power_peak_timestamp", _time(reading.peak_import_at, zone)


def _mbus(reading: Reading, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    devices = [one for one in reading.mbus if one.kind in EXTERNAL and one.value is not None and one.unit is not None]
    gas = next((one for one in devices if one.kind is MbusKind.GAS), None)
    if gas is not None and gas.value is not None:
        yield "total_gas_m3", plain(gas.value)
        if gas.measured_at is not None:
            yield "gas_timestamp", _time(gas.measured_at, zone)
        if gas.meter_id:
            yield "gas_unique_id", quoted(octets(gas.meter_id))
    entries = ",".join(_external(one, reading, zone) for one in devices)
    yield "external", f"[{entries}]"


def _external(one: MbusReading, reading: Reading, zone: ZoneInfo) -> str:
    pairs = (
        ("unique_id", quoted(octets(one.meter_id or ""))),
        ("type", quoted(EXTERNAL[one.kind])),
        ("timestamp", _time(one.measured_at or reading.at, zone)),
        ("value", plain(one.value or Decimal())),
        ("unit", quoted(one.unit or "")),
    )
    return f"{{{members(pairs)}}}"


def _time(at: datetime, zone: ZoneInfo) -> str:
    """YYMMDDhhmmss as a number."""
    return str(int(timestamp(at, zone)[:-1]))
