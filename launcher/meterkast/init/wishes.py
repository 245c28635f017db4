"""What a person wants of a deployment: said by options, answered at a terminal, or left as it is."""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from meterkast_contracts.topics import TopicError, check_gateway

from meterkast.errors import LauncherError
from meterkast.init.roles import ROLES

Store = Literal["influxdb", "sqlite"]

HOME = "home"
SIMULATED = "simulator"
_HOST = re.compile(r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
_PREFIX = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_DEVICE = re.compile(r"/dev/[A-Za-z0-9_./:+@,-]+")


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """None and empty leave what is there as it is, or take the default where nothing is there."""

    timezone: str | None = None
    serial: str | None = None
    serial_name: str | None = None
    serial_group: int | None = None
    simulator: bool | None = None
    gateways: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    store: Store | None = None
    grafana: bool | None = None
    tls: bool | None = None
    hosts: tuple[str, ...] = ()
    address: str | None = None
    prefix: str | None = None
    web_password: str | None = None
    rotate: bool = False
    only: tuple[str, ...] = ()


def checked_name(name: str) -> str:
    """Return the name of a new broker user; raises LauncherError."""
    try:
        check_gateway(name)
    except TopicError as error:
        raise LauncherError(str(error)) from error
    if name in ROLES:
        raise LauncherError(f"{name} is the name of one of Meterkast's own parts", hint="choose another name")
    return name


def checked_host(host: str) -> str:
    """Return a host name or address for certificates; raises LauncherError."""
    if is_host(host):
        return host
    raise LauncherError(f"{host!r} is no host name and no address", hint="give nas.local or 192.168.1.10")


def is_host(text: str) -> bool:
    """Whether it is a host name or an address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return bool(_HOST.fullmatch(text))
    return True


def checked_prefix(prefix: str) -> str:
    """Return what topics begin with; raises LauncherError."""
    if _PREFIX.fullmatch(prefix):
        return prefix
    raise LauncherError(
        f"{prefix!r} cannot begin a topic", hint="use letters, digits, '_', '.', '-' and '/' between levels"
    )


def group_of(device: str) -> int | None:
    """The group that may open the device; None where it is not plugged in, or not to be seen from here."""
    try:
        return Path(device).stat().st_gid
    except OSError:
        return None


def serial_of(text: str) -> tuple[str, str | None]:
    """Take `[NAME=]DEVICE` apart into device and name; raises LauncherError."""
    name, equals, device = text.rpartition("=")
    if not _DEVICE.fullmatch(device) or ".." in PurePosixPath(device).parts:
        raise LauncherError(f"{device!r} is no device", hint="give it as /dev/serial/by-id/… or /dev/ttyUSB0")
    return device, checked_name(name) if equals else None
