"""DSMRloggerAPI (versions 2 and 3): fields of the telegram and history, as `{"name", "value", "unit"}`.

The original always lists four M-Bus meters, with 0 for those that are not there; here they are absent (in `fields`:
"-"). `gas_delivered` is always there, as it is with the original.
"""

import calendar
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from meterkast_contracts.compat.logger_fields import Field, actual_fields, every_field, info_fields
from meterkast_contracts.compat.wire import fixed, quoted, scaled, timestamp
from meterkast_contracts.messages import DeviceInfo, Reading
from meterkast_store.history import Period

from meterkast_api.compat.dial import GAS, Dial, dial_of
from meterkast_api.compat.served import Served
from meterkast_api.history import HistoryReader
from meterkast_api.home import Home
from meterkast_api.problems import ProblemError
from meterkast_api.spans import Span

TELEGRAM = "application/plain"
HOUR_S, DAY_S = 3600, 86_400
HISTORY = {"hours": (Period.HOUR, 49), "days": (Period.DAY, 15), "months": (Period.MONTH, 25)}
"""How many slots the original's ring files have."""
COLUMNS = (
    ("edt1", "energy_import_t1_wh"),
    ("edt2", "energy_import_t2_wh"),
    ("ert1", "energy_export_t1_wh"),
    ("ert2", "energy_export_t2_wh"),
    ("gdt", GAS),
)


def listed(name: str, fields: Iterable[Field]) -> str:
    """Return the fields as the original lists them."""
    return _lines(name, (_entry(*field) for field in fields))


def flat(fields: Iterable[Field]) -> str:
    """Return `/api/v0/sm/actual`: the fields as one object."""
    return "{\r\n" + ",\r\n".join(f' "{name}": {value}' for name, value, _ in fields) + "\r\n}\r\n"


def beginning_with(fields: Iterable[Field], name: str) -> Iterator[Field]:
    """The time, and the fields whose names begin so, as the original looks them up."""
    return (field for field in fields if field[0].startswith(("timestamp", name)))


def history(name: str, dial: Dial, zone: ZoneInfo, *, oldest_first: bool) -> str:
    """Return what the dials showed at the end of each period, the newest first where not said otherwise."""
    periods = dial.periods if oldest_first else dial.periods[::-1]
    rows = (_record(name, number, period, dial, zone) for number, period in enumerate(periods) if dial.read_in(period))
    return _lines(name, rows)


def slot(name: str, local: datetime) -> int:
    """Return the place of a local time in the original's ring file."""
    seconds = calendar.timegm(local.timetuple())
    counted = {
        "hours": seconds // HOUR_S,
        "days": seconds // DAY_S,
        "months": (local.year - 1) * 12 + local.month,
    }[name]
    return counted % HISTORY[name][1]


def device_info(device: DeviceInfo | None, version: str) -> Iterator[Field]:
    """What is known of what reads the meter, in the original's order; what only its chip knew is absent."""
    yield "fwversion", quoted(version), ""
    if device is None:
        return
    yield "hostname", quoted(device.gateway), ""
    if device.address:
        yield "ipaddress", quoted(device.address), ""
    if device.signal_dbm is not None:
        yield "wifirssi", str(device.signal_dbm), ""
    yield from _uptime(device)
    yield "telegramcount", str(device.counters.get("telegrams", 0)), ""
    yield "telegramerrors", str(device.counters.get("crc_errors", 0)), ""


def device_time(reading: Reading, device: DeviceInfo | None, now: datetime, zone: ZoneInfo) -> Iterator[Field]:
    """The meter's time; `epoch` counts the local time's seconds, as the original does."""
    local = reading.at.astimezone(zone)
    yield "timestamp", quoted(timestamp(local, zone)), ""
    yield "time", quoted(f"{local:%Y-%m-%d %H:%M:%S}"), ""
    yield "epoch", str(calendar.timegm(now.astimezone(zone).timetuple())), ""
    if device is not None:
        yield from _uptime(device)


class DsmrLoggerApiRoutes:
    """`/api/v1/sm`, `/api/v1/hist`, `/api/v1/dev` and `/api/v0/sm/actual`."""

    def __init__(self, served: Served, history: HistoryReader, home: Home, *, version: str) -> None:
        self._served = served
        self._history = history
        self._home = home
        self._version = version

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter()
        for path, endpoint in (
            ("/api/v0/sm/actual", self.actual_v0),
            ("/api/v1/sm/info", self.info),
            ("/api/v1/sm/actual", self.actual),
            ("/api/v1/sm/fields", self.fields),
            ("/api/v1/sm/fields/{name}", self.field),
            ("/api/v1/sm/telegram", self.telegram),
            ("/api/v1/hist/{name}", self.history),
            ("/api/v1/hist/{name}/{order}", self.history),
            ("/api/v1/dev/info", self.device_info),
            ("/api/v1/dev/time", self.device_time),
        ):
            router.add_api_route(path, endpoint)
        return router

    async def actual_v0(self, request: Request) -> Response:
        """Give what the meter says now, as one object."""
        return self._served.answer(flat(actual_fields(await self._served.reading(request), self._home.zone)))

    async def info(self, request: Request) -> Response:
        """Give what the meter is."""
        return await self._sm(request, "info", info_fields)

    async def actual(self, request: Request) -> Response:
        """Give what the meter says now."""
        return await self._sm(request, "actual", actual_fields)

    async def fields(self, request: Request) -> Response:
        """Give every field there is."""
        return await self._sm(request, "fields", every_field)

    async def field(self, request: Request, name: str) -> Response:
        """Give the time and the fields whose names begin so."""
        reading = await self._served.reading(request)
        return self._served.answer(listed("fields", beginning_with(every_field(reading, self._home.zone), name)))

    async def telegram(self, request: Request) -> Response:
        """Give the newest telegram, untouched."""
        return self._served.answer((await self._served.telegram(request)).payload, TELEGRAM)

    async def history(self, request: Request, name: str, order: str = "asc") -> Response:
        """Give what the dials showed at the ends of hours, days or months."""
        if name not in HISTORY:
            raise ProblemError(404, "not-found", f"there is no history of {name}: ask for {', '.join(HISTORY)}")
        per, slots = HISTORY[name]
        dial = await dial_of(self._history, await self._served.reading(request), slots, per, self._home.zone)
        if dial is None:
            return self._served.answer(_lines(name, ()))
        return self._served.answer(history(name, dial, self._home.zone, oldest_first=order == "desc"))

    async def device_info(self, request: Request) -> Response:
        """Give what reads the meter."""
        device = await self._served.device(request)
        return self._served.answer(listed("devinfo", device_info(device, self._version)))

    async def device_time(self, request: Request) -> Response:
        """Give the time."""
        reading, device = await self._served.reading(request), await self._served.device(request)
        fields = device_time(reading, device, self._served.now(), self._home.zone)
        return self._served.answer(listed("devtime", fields))

    async def _sm(self, request: Request, name: str, of: Callable[[Reading, ZoneInfo], Iterator[Field]]) -> Response:
        return self._served.answer(listed(name, of(await self._served.reading(request), self._home.zone)))


def _lines(name: str, entries: Iterable[str]) -> str:
    return f'{{"{name}":[\r\n' + ",\r\n".join(entries) + "\r\n]}\r\n"


def _entry(name: str, value: str, unit: str) -> str:
    last = f', "unit": "{unit}"' if unit else ""
    return f'{{"name": "{name}", "value": {value}{last}}}'


def _record(name: str, number: int, period: Span, dial: Dial, zone: ZoneInfo) -> str:
    start, end = period
    last = (dial.at if dial.at < end else end - timedelta(hours=1)).astimezone(zone)
    shown = dial.shown(end)
    values = {column: fixed(scaled(shown.get(field, 0), 3), 3) for column, field in COLUMNS}
    return (
        f'{{"recnr": {number}, "recid": "{last:%y%m%d%H}", "slot": {slot(name, start.astimezone(zone))},'
        f'"edt1": {values["edt1"]}, "edt2": {values["edt2"]},'
        f'"ert1": {values["ert1"]}, "ert2": {values["ert2"]},'
        f'"gdt": {values["gdt"]}}}'
    )


def _uptime(device: DeviceInfo) -> Iterator[Field]:
    minutes = device.uptime_s // 60
    text = f"{minutes // 1440 % 365}(d)-{minutes // 60 % 24:02d}:{minutes % 60:02d}(H:m)"
    yield "uptime", quoted(text), ""
    yield "uptime_secs", str(device.uptime_s), "sec"
