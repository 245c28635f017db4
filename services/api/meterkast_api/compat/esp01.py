"""The ESP-01 DSMR logger (DSMRlogger2HTTP, 2018): five files of JSON, every value a string.

What the original answered wrongly is not copied: keys that come twice in the last row of the months have their own
number here, and a quotation mark in the meter's name is escaped. What only its chip knew is absent.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from meterkast_contracts.compat.wire import energy, fixed, members, octets, quoted, scaled, timestamp
from meterkast_contracts.messages import DeviceInfo, MbusKind, Number, Reading
from meterkast_store.history import Period

from meterkast_api.compat.dial import GAS, Dial, dial_of
from meterkast_api.compat.served import Served
from meterkast_api.history import HistoryReader
from meterkast_api.home import Home
from meterkast_api.spans import Span

WEEKDAYS = ("Maandag", "Dinsdag", "Woensdag", "Donderdag", "Vrijdag", "Zaterdag", "Zondag")
MONTHS = (
    *("Januari", "Februari", "Maart", "April", "Mei", "Juni"),
    *("Juli", "Augustus", "September", "Oktober", "November", "December"),
)
BLOCK_HOURS, BLOCKS = 3, 8
DAYS = 7
YEAR = 12
UNTIL = "Tot en met "
GAS_DEVICE = "3"


class Totals(NamedTuple):
    """Wh from and to the grid, litres of gas."""

    delivered: int
    returned: int
    gas: int

    def since(self, before: "Totals") -> "Totals":
        """What was used since then."""
        return Totals(*(now - then for now, then in zip(self, before, strict=True)))


Getter = Callable[[Reading], Number | None]


def _of(name: str, shift: int = 0) -> Getter:
    def value(reading: Reading) -> Number | None:
        found = reading.number(name)
        return Decimal(found).scaleb(shift) if found is not None and shift else found

    return value


def _phases(*rows: tuple[str, str, int]) -> tuple[tuple[str, Getter, int], ...]:
    return tuple((f"{field}_l{n}", _of(name.format(n)), places) for n in (1, 2, 3) for field, name, places in rows)


ACTUAL: tuple[tuple[str, Getter, int], ...] = (
    ("Energy_Delivered", lambda reading: energy(reading, "import"), 3),
    ("Energy_Returned", lambda reading: energy(reading, "export"), 3),
    ("Gas_Delivered", _of("gas_m3"), 2),
    ("Energy_Delivered_Tariff1", _of("energy_import_t1_kwh"), 3),
    ("Energy_Delivered_Tariff2", _of("energy_import_t2_kwh"), 3),
    ("Energy_Returned_Tariff1", _of("energy_export_t1_kwh"), 3),
    ("Energy_Returned_Tariff2", _of("energy_export_t2_kwh"), 3),
    ("Power_Delivered", _of("power_import_w", -3), 3),
    ("Power_Returned", _of("power_export_w", -3), 3),
    *_phases(("Voltage", "voltage_l{}_v", 1), ("Current", "current_l{}_a", 0)),
    *_phases(("Power_Delivered", "power_import_l{}_w", 0), ("Power_Returned", "power_export_l{}_w", 0)),
)
"""Field, value, decimals, in the original's order; what the meter lacks is 0 there."""


def actual(reading: Reading, zone: ZoneInfo) -> str:
    """Return `getActual.json`."""
    values = [(field, _text(get(reading), places)) for field, get, places in ACTUAL]
    return _apart(_object(("Timestamp", timestamp(reading.at, zone)), *values))


def device_info(reading: Reading, device: DeviceInfo | None, version: str) -> str:
    """Return `getDeviceInfo.json`: the meter, then what is known of what reads it."""
    gas = next((one for one in reading.mbus if one.kind is MbusKind.GAS), None)
    tariff = reading.number("tariff")
    pairs = [
        ("Identification", reading.identification),
        ("P1_Version", reading.version or ""),
        ("Equipment_Id", octets(reading.meter_id) if reading.meter_id else "UnKnown"),
        ("Electricity_Tariff", "-" if tariff is None else f"{int(tariff):04d}"),
        ("Gas_Device_Type", GAS_DEVICE if gas else "0"),
        ("Gas_Equipment_Id", octets(gas.meter_id) if gas and gas.meter_id else "UnKnown"),
        ("FwVersion", version),
    ]
    if device is not None:
        pairs += [("IpAddress", device.address)] if device.address else []
        pairs.append(("Hostname", device.gateway))
        minutes = device.uptime_s // 60
        pairs.append(("upTime", f"{minutes // 1440 % 365}(d):{minutes // 60 % 24:02d}:{minutes % 60:02d}"))
        pairs.append(("TelegramCount", str(device.counters.get("telegrams", 0))))
        pairs.append(("TelegramErrors", str(device.counters.get("crc_errors", 0))))
    return _apart(_object(*pairs))


def hours(dial: Dial, zone: ZoneInfo) -> str:
    """Return `getTableHours.json`: blocks of three hours, newest first, in Wh; the last is what the dials showed."""

    def block(period: Span) -> tuple[object, int]:
        local = period[0].astimezone(zone)
        return local.date(), local.hour // BLOCK_HOURS

    blocks = [(key[1] * BLOCK_HOURS, list(periods)[-1]) for key, periods in groupby(dial.periods, block)][-BLOCKS:]
    shown = [_totals(dial, period) for _, period in blocks]
    rows = []
    for index in range(len(blocks) - 1, 0, -1):
        hour, used = blocks[index][0], shown[index].since(shown[index - 1])
        label = f"{hour:02d}:00 - {hour + BLOCK_HOURS - 1:02d}:59"
        rows.append(_row(("Hour", label), str(used.delivered), str(used.returned), used.gas))
    oldest = _dials(shown[0])
    label = f"{UNTIL} {blocks[0][0] + BLOCK_HOURS - 1:02d}:59"
    delivered, returned = (f"{_thousandth(value)} (kWh)" for value in oldest[:2])
    return _list([*rows, _row(("Hour", label), delivered, returned, oldest.gas)])


def week(dial: Dial, zone: ZoneInfo) -> str:
    """Return `getTableWeek.json`: days, the newest first, in kWh; the last is what the dials showed."""
    shown = [_totals(dial, period) for period in dial.periods]
    rows = []
    for index in range(len(shown) - 1, -1, -1):
        day = WEEKDAYS[dial.periods[index][0].astimezone(zone).weekday()]
        value = shown[index].since(shown[index - 1]) if index else _dials(shown[0])
        label = day if index else UNTIL + day
        rows.append(_row(("WeekDay", label), _thousandth(value.delivered), _thousandth(value.returned), value.gas))
    return _list(rows)


def months(dial: Dial, zone: ZoneInfo) -> str:
    """Return `getTableMonths.json`: this year's twelve months beside the last's, the newest first, in kWh."""
    shown = [_totals(dial, period) for period in dial.periods]
    rows = []
    for back in range(1, YEAR + 1):
        pair = (-back, -back - YEAR)
        starts = [dial.periods[index][0].astimezone(zone) for index in pair]
        if back < YEAR:
            values = [shown[index].since(shown[index - 1]) for index in pair]
        else:
            values = [_dials(shown[index]) for index in pair]
        month = MONTHS[starts[0].month - 1]
        rows.append(_object(("Month", month if back < YEAR else UNTIL + month), *_years(starts, values)))
    return _list(rows)


class Esp01Routes:
    """`/getActual.json` and the four others."""

    def __init__(self, served: Served, history: HistoryReader, home: Home, *, version: str) -> None:
        self._served = served
        self._history = history
        self._home = home
        self._version = version

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter()
        router.add_api_route("/getActual.json", self.actual)
        router.add_api_route("/getDeviceInfo.json", self.device_info)
        router.add_api_route("/getTableHours.json", self.hours)
        router.add_api_route("/getTableWeek.json", self.week)
        router.add_api_route("/getTableMonths.json", self.months)
        return router

    async def actual(self, request: Request) -> Response:
        """Give what the meter says now."""
        return self._served.answer(actual(await self._served.reading(request), self._home.zone))

    async def device_info(self, request: Request) -> Response:
        """Give what the meter and its reader are."""
        reading, device = await self._served.reading(request), await self._served.device(request)
        return self._served.answer(device_info(reading, device, self._version))

    async def hours(self, request: Request) -> Response:
        """Give the last 24 hours in blocks of three."""
        return await self._table(request, hours, BLOCKS * BLOCK_HOURS + 1, Period.HOUR)

    async def week(self, request: Request) -> Response:
        """Give the last seven days."""
        return await self._table(request, week, DAYS, Period.DAY)

    async def months(self, request: Request) -> Response:
        """Give the last 24 months."""
        return await self._table(request, months, 2 * YEAR, Period.MONTH)

    async def _table(
        self, request: Request, make: Callable[[Dial, ZoneInfo], str], count: int, per: Period
    ) -> Response:
        dial = await dial_of(self._history, await self._served.reading(request), count, per, self._home.zone)
        return self._served.answer("[]" if dial is None else make(dial, self._home.zone))


def _totals(dial: Dial, period: Span) -> Totals:
    shown = dial.shown(period[1])
    return Totals(shown.get("energy_import_wh", 0), shown.get("energy_export_wh", 0), shown.get(GAS, 0))


def _dials(totals: Totals) -> Totals:
    """What the dials showed; 0 before the meter that is there now was."""
    return Totals(*(max(value, 0) for value in totals))


def _years(starts: Sequence[datetime], values: Sequence[Totals]) -> Iterator[tuple[str, str]]:
    for name, short, column, places in (
        ("Energy_Delivered", "ED", 0, 3),
        ("Energy_Returned", "ER", 1, 3),
        ("Gas_Delivered", "GD", 2, 2),
    ):
        for number, (start, totals) in enumerate(zip(starts, values, strict=True), 1):
            yield f"{short}{number}_Year", f"{start:%Y}"
            yield f"{name}{number}", fixed(scaled(totals[column], 3), places)


def _text(value: Number | None, places: int) -> str:
    """The number as the original prints it: whole numbers are cut off, all else is rounded."""
    return fixed(value or 0, places) if places else str(int(value or 0))


def _thousandth(value: int) -> str:
    return fixed(scaled(value, 3), 3)


def _row(label: tuple[str, str], delivered: str, returned: str, gas: int) -> str:
    gas_m3 = fixed(scaled(gas, 3), 2)
    return _object(label, ("Energy_Delivered", delivered), ("Energy_Returned", returned), ("Gas_Delivered", gas_m3))


def _object(*pairs: tuple[str, str]) -> str:
    return f"{{{members((name, _escaped(value)) for name, value in pairs)}}}"


def _escaped(text: str) -> str:
    """The original escapes a backslash and a slash by their numbers."""
    return quoted(text).replace("\\\\", "\\u005c").replace("/", "\\u002f")


def _apart(text: str) -> str:
    """The original has a space after the first brace of these two."""
    return f"{{ {text[1:]}"


def _list(rows: Sequence[str]) -> str:
    return f"[{','.join(rows)}]"
