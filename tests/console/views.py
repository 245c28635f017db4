"""Houses by numbers of our own, and the screens that are kept of them: `python -m tests.console.views` writes anew."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from meterkast_console.sse import ServerEvent
from meterkast_console.terminal.charset import ASCII, UTF8, Charset
from meterkast_console.terminal.guests import Guest, Guests
from meterkast_console.terminal.house import Gateway, House, Note, Point
from meterkast_console.terminal.line import Line
from meterkast_console.terminal.live import live_block
from meterkast_console.terminal.pages.log import log
from meterkast_console.terminal.pages.menu import menu
from meterkast_console.terminal.pages.page import Page, page_block
from meterkast_console.terminal.pages.tables import UsageTable
from meterkast_console.terminal.pages.values import values
from meterkast_console.terminal.pages.who import Who
from meterkast_console.terminal.view import Size, View

SCREENS = Path(__file__).parent / "screens"
NOW = datetime(2026, 11, 22, 14, 5, 30, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Amsterdam")
READING: dict[str, Any] = {
    "gateway": "home",
    "identification": "FLU5\\253769484_A",
    "meter_id": "1SAG1100000292",
    "version": "50221",
    "measured_at": "2026-11-22T14:05:30Z",
    "received_at": "2026-11-22T14:05:30.120000Z",
    "clock": "meter",
    "peak_import_at": "2026-11-14T17:30:00Z",
    "tariff": 2,
    "voltage_l1_v": Decimal("231.4"),
    "voltage_l2_v": Decimal("229.8"),
    "voltage_l3_v": Decimal("230.1"),
    "current_l1_a": Decimal("5.21"),
    "current_l2_a": Decimal("0.44"),
    "current_l3_a": Decimal("2.02"),
    "demand_import_w": 1312,
    "peak_import_w": 4870,
    "power_import_w": 1648,
    "power_export_w": 0,
    "power_import_l1_w": 1201,
    "power_import_l2_w": 0,
    "power_import_l3_w": 447,
    "power_export_l1_w": 0,
    "power_export_l2_w": 96,
    "power_export_l3_w": 0,
    "energy_import_t1_kwh": Decimal("4014.495"),
    "energy_import_t2_kwh": Decimal("6138.978"),
    "energy_export_t1_kwh": Decimal("2886.303"),
    "energy_export_t2_kwh": Decimal("2229.340"),
    "gas_m3": Decimal("3302.427"),
    "mbus": [
        {
            "channel": 1,
            "kind": "gas",
            "value": Decimal("3302.427"),
            "unit": "m3",
            "measured_at": "2026-11-22T14:00:00Z",
        }
    ],
    "other": {"0-0:96.13.1": "3031203631203831"},
}
TODAY = {
    "energy_import_kwh": Decimal("6.204"),
    "energy_export_kwh": Decimal("1.030"),
    "gas_m3": Decimal("2.117"),
}
USAGE: dict[str, Any] = {
    "gateway": "home",
    "per": "hour",
    "timezone": "Europe/Amsterdam",
    "rows": [
        {
            "from": f"2026-11-22T{hour:02}:00:00+01:00",
            "complete": hour != 15,
            "hole": hour == 11,
            "energy_import_kwh": Decimal(hour) / 1000 + Decimal("0.200"),
            "gas_m3": Decimal("0.100"),
        }
        for hour in range(9, 16)
    ],
    "holes": [{}],
    "total": {"energy_import_kwh": Decimal("1.484"), "gas_m3": Decimal("0.700")},
}


def service(name: str, status: str = "ok", detail: str | None = None) -> dict[str, Any]:
    """A service's health as it comes from the API."""
    health = {"service": name, "instance": "main", "status": status, "version": "0.1.0"}
    times = {"at": "2026-11-22T14:05:00Z", "started_at": "2026-11-20T10:00:00Z"}
    return {**health, **times, **({"detail": detail} if detail else {})}


def house(*, gateways: tuple[str, ...] = ("home",)) -> House:
    """A house of three phases that runs well, with a quarter of an hour behind it."""
    made = House(ZONE)
    for name in gateways:
        made.take(ServerEvent("status", {"gateway": name, "status": "online"}), NOW)
        made.take(ServerEvent("reading", {**READING, "gateway": name}), NOW)
        gateway = made.gateway(name)
        gateway.today = TODAY
        gateway.points.clear()
        gateway.points.extend(
            Point(NOW - timedelta(seconds=back), 400 + 2 * (900 - back) if back > 300 else 1648, 0)
            for back in range(890, -1, -10)
        )
        gateway.take_event(Note(datetime(2026, 11, 21, 3, 12, tzinfo=UTC), name, "The power was away for 41 minutes."))
    for name in ("api", "history", "parser", "reader"):
        made.take(ServerEvent("service", service(name)), NOW)
    made.take(ServerEvent("live", {"gateways": ["home"]}), NOW)
    return made


def view(
    made: House | None = None,
    size: Size | None = None,
    charset: Charset = UTF8,
    *,
    notice: str = "",
    name: str = "home",
) -> View:
    """A view of a house."""
    made = made or house()
    gateway = made.gateways.get(name) or Gateway(name)
    return View(house=made, gateway=gateway, now=NOW, size=size or Size(80, 24), charset=charset, notice=notice)


def sunny() -> House:
    """A house that exports, on one phase, whose meter tells nothing of phases."""
    made = house()
    phases = ("_l1_w", "_l2_w", "_l3_w", "_v", "_a")
    whole = {key: value for key, value in READING.items() if not key.endswith(phases)}
    made.gateway("home").reading = {**whole, "power_import_w": 0, "power_export_w": 2310}
    points = made.gateway("home").points
    made.gateway("home").points.extend([replace(point, import_w=0, export_w=2310) for point in list(points)[-20:]])
    return made


def troubled() -> House:
    """A house whose API is gone, with a service that failed before."""
    made = house()
    made.take(ServerEvent("service", service("history", "degraded", "The database is locked.")), NOW)
    made.take(ServerEvent("status", {"gateway": "home", "status": "offline"}), NOW)
    made.gateway("home").reading = {**READING, "received_at": "2026-11-22T14:03:10Z"}
    made.lost("the API at http://127.0.0.1:8080 does not answer.")
    return made


def _live(made: Callable[[], House], size: Size, charset: Charset = UTF8, notice: str = "") -> Callable[[], list[Line]]:
    return lambda: live_block(view(made(), size, charset, notice=notice))


def _page(page: Page, size: Size, charset: Charset = UTF8) -> Callable[[], list[Line]]:
    return lambda: page_block(page, view(size=size, charset=charset), 0)[0]


class _Present(Guests):
    """Two who are there all the time."""

    def present(self) -> list[tuple[Guest, float, float]]:
        return [(GUEST, 65, 3), (Guest("ssh", "2001:db8::1:2:3:4", 0), 4000, 3600)]


GUEST = Guest("telnet", "127.0.0.1", 0)


@dataclass(frozen=True)
class Kept:
    """A screen that is kept."""

    name: str
    draw: Callable[[], list[Line]]


KEPT = (
    Kept("live-80x24", _live(house, Size(80, 24))),
    Kept("live-80x24-ascii", _live(house, Size(80, 24), ASCII)),
    Kept("live-40x20", _live(house, Size(40, 20))),
    Kept("live-200x60", _live(house, Size(200, 60))),
    Kept("live-20x4", _live(house, Size(20, 4))),
    Kept("live-two-gateways", _live(lambda: house(gateways=("home", "shed")), Size(80, 24))),
    Kept("live-sunny", _live(sunny, Size(80, 24))),
    Kept("live-troubled", _live(troubled, Size(80, 24))),
    Kept("live-nothing-yet", _live(lambda: House(ZONE), Size(80, 24))),
    Kept("live-question-40", _live(house, Size(40, 20), notice="home restarts: sure? y/n")),
    Kept("menu", _page(Page("Keys", menu), Size(80, 24))),
    Kept("menu-short", _page(Page("Keys", menu), Size(80, 12))),
    Kept("table", _page(Page("Hours", UsageTable(USAGE)), Size(80, 24))),
    Kept("table-40", _page(Page("Hours", UsageTable(USAGE)), Size(40, 20), ASCII)),
    Kept("values", _page(Page("Every value", values), Size(80, 40))),
    Kept("log", _page(Page("Log", log), Size(80, 10))),
    Kept("who", _page(Page("Connected", Who(_Present(2), GUEST)), Size(60, 8))),
)


def text_of(lines: list[Line]) -> str:
    """The screen as text, one line each."""
    return "".join(f"{one.text.rstrip()}\n" for one in lines)


if __name__ == "__main__":
    for kept in KEPT:
        (SCREENS / f"{kept.name}.txt").write_text(text_of(kept.draw()), encoding="utf-8")
