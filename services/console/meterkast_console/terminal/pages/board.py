"""The board: what the gateway, its meter and Meterkast say of themselves; nothing secret."""

import platform
import re
from datetime import datetime

from meterkast_console.terminal.figures import day_and_time, lasting, moment
from meterkast_console.terminal.line import Line, Span, Style, line
from meterkast_console.terminal.view import View

_LOGIN = re.compile(r"(?<=//)[^/@]*@")
_SECRET = re.compile(r"(?i)\b(key|password|token|secret)=[^&\s]*")


def board(view: View) -> list[Line]:
    """Gateway, meter and services, one fact a line."""
    device, reading = view.gateway.device, view.gateway.reading or {}
    started = moment(device.get("started_at"))
    facts: list[tuple[str, object]] = [
        ("gateway", view.gateway.name),
        ("status", view.gateway.status),
        ("source", without_secrets(str(device["source"])) if "source" in device else None),
        ("version", device.get("version")),
        ("address", device.get("address")),
        ("line", device.get("line")),
        ("signal", f"{device['signal_dbm']} dBm" if "signal_dbm" in device else None),
        ("up", _up(started, view)),
        *((name.replace("_", " "), count) for name, count in device.get("counters", {}).items()),
        ("meter", reading.get("identification")),
        ("meter id", reading.get("meter_id")),
        ("P1 version", reading.get("version")),
        ("Python", platform.python_version()),
    ]
    lines = [fact(name, value) for name, value in facts if value is not None]
    services = sorted(view.house.services.items())
    return [*lines, Line(), *(_service(health, view) for _, health in services)]


def fact(name: str, value: object) -> Line:
    """A name and what it is."""
    return line(Span(f"  {name:<16}", Style.FAINT), str(value))


def without_secrets(source: str) -> str:
    """An address without login, key or password."""
    return _SECRET.sub(r"\1=***", _LOGIN.sub("***@", source))


def _up(started: datetime | None, view: View) -> str | None:
    return None if started is None else f"{lasting(view.now - started)}, since {day_and_time(started, view.zone)}"


def _service(health: dict[str, str], view: View) -> Line:
    up = _up(moment(health["started_at"]), view)
    return fact(health["service"], f"{health['version']}  {health['status']}, up {up}")
