"""What is asked at a terminal where nothing is there yet, and what counts where nobody is asked."""

import platform
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import typer
from meterkast_api.access.passwords import complaint

from meterkast.errors import LauncherError
from meterkast.init.wishes import HOME, SIMULATED, Store, Wishes, checked_host, checked_name, group_of, serial_of

DEFAULT_ZONE = "Europe/Amsterdam"
_ELSEWHERE = ("192.0.2.1", 9)  # RFC 5737: nobody's address, to which nothing is sent

T = TypeVar("T")


def asked(wishes: Wishes) -> Wishes:
    """Ask for what was not said by options."""
    wishes = replace(wishes, timezone=wishes.timezone or _ask("Time zone of the home", local_zone(), checked_zone))
    if not (wishes.serial or wishes.gateways or wishes.simulator):
        wishes = _source(wishes)
    store = wishes.store or _ask("History in influxdb or sqlite", default_store(), _store)
    grafana = False if store == "sqlite" else wishes.grafana
    grafana = typer.confirm("Grafana", default=True) if grafana is None else grafana
    tls = (
        typer.confirm("TLS, with certificates of a private authority", default=False)
        if wishes.tls is None
        else wishes.tls
    )
    hosts = wishes.hosts or (_ask("Names and addresses of this machine", " ".join(own_names()), _hosts) if tls else ())
    password = wishes.web_password or _password()
    return replace(wishes, store=store, grafana=grafana, tls=tls, hosts=hosts, web_password=password)


def assumed(wishes: Wishes) -> Wishes:
    """Fill in what was neither said nor asked."""
    store: Store = wishes.store or default_store()
    named = wishes.serial or wishes.gateways
    return replace(
        wishes,
        timezone=wishes.timezone or local_zone(),
        simulator=not named if wishes.simulator is None else wishes.simulator,
        store=store,
        grafana=store == "influxdb" if wishes.grafana is None else wishes.grafana,
        tls=bool(wishes.tls),
        hosts=wishes.hosts or own_names(),
        address=own_address() if wishes.address is None else wishes.address,
    )


def checked_zone(name: str) -> str:
    """Return a time zone's name; raises LauncherError."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise LauncherError(f"{name!r} is not a time zone", hint="use a name such as Europe/Amsterdam") from error
    return name


def checked_password(password: str) -> str:
    """Return a password for the page; raises LauncherError."""
    if wrong := complaint(password):
        raise LauncherError(wrong, hint="choose a longer one, or none for a random one")
    return password


def local_zone() -> str:
    """The machine's time zone where it is a home's, else Amsterdam's."""
    _, found, name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")
    return name if found and name.startswith("Europe/") else DEFAULT_ZONE


def default_store() -> Store:
    """InfluxDB, which there is for machines of 64 bits."""
    return "influxdb" if platform.machine() in {"x86_64", "aarch64", "arm64", "AMD64"} else "sqlite"


def own_address() -> str:
    """This machine's address in its network; empty where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return ""
        address: str = probe.getsockname()[0]
        return address


def own_names() -> tuple[str, ...]:
    """By what names others know this machine, as far as it knows."""
    name = socket.gethostname()
    names = (name, *(() if "." in name else (f"{name}.local",)), own_address())
    return tuple(found for found in dict.fromkeys(names) if found)


def _source(wishes: Wishes) -> Wishes:
    cables = sorted(str(path) for path in Path("/dev/serial/by-id").glob("*"))
    typer.echo("The meter: a P1 cable (/dev/serial/by-id/…), the name of a gateway in the network, or `simulator`.")
    answer = _ask("Meter", cables[0] if cables else SIMULATED, _meter)
    if answer == SIMULATED:
        return replace(wishes, simulator=True)
    if answer.startswith("/"):
        name = _ask("Name of this P1 port", HOME, checked_name)
        return replace(wishes, serial=answer, serial_name=name, serial_group=group_of(answer), simulator=False)
    return replace(wishes, gateways=(answer,), simulator=False)


def _meter(answer: str) -> str:
    return serial_of(answer)[0] if answer.startswith("/") else checked_name(answer)


def _store(answer: str) -> Store:
    match answer.lower():
        case "influxdb" | "influx":
            return "influxdb"
        case "sqlite":
            return "sqlite"
    raise LauncherError(f"{answer!r} is neither", hint="answer influxdb or sqlite")


def _hosts(answer: str) -> tuple[str, ...]:
    return tuple(checked_host(host) for host in answer.replace(",", " ").split())


def _password() -> str | None:
    while answer := typer.prompt(
        "Password of the page (none: a random one)", default="", hide_input=True, show_default=False
    ):
        try:
            checked_password(answer)
        except LauncherError as error:
            typer.echo(str(error))
            continue
        if typer.prompt("The same again", default="", hide_input=True, show_default=False) == answer:
            return str(answer)
        typer.echo("these are two different passwords")
    return None


def _ask(question: str, default: str, check: Callable[[str], T]) -> T:
    """Ask until the answer can be."""
    while True:
        try:
            return check(typer.prompt(question, default=default).strip())
        except LauncherError as error:
            typer.echo(str(error))
