"""The command `init`: what can be asked of it, checked and passed on."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from meterkast.app import app
from meterkast.errors import LauncherError

_MORE = "May be given often."

Names = list[str] | None
Folder = Annotated[Path | None, typer.Argument(metavar="FOLDER", help="Where compose.yaml is; deploy or . if absent.")]
Yes = Annotated[bool, typer.Option("--yes", help="Ask nothing: take what is not said by default.")]
Zone = Annotated[str | None, typer.Option(metavar="ZONE", help="The home's, e.g. Europe/Brussels.")]
Serial = Annotated[str | None, typer.Option(metavar="[NAME=]DEVICE", help="A P1 cable here: shed=/dev/serial/by-id/…")]
Gateways = Annotated[Names, typer.Option(metavar="NAME", help=f"Add a gateway in the network, with its user. {_MORE}")]
Removed = Annotated[Names, typer.Option(metavar="NAME", help=f"Let it (or a program) in no longer. {_MORE}")]
Programs = Annotated[Names, typer.Option(metavar="NAME", help=f"Add a user who reads all that is published. {_MORE}")]
Simulator = Annotated[
    bool | None, typer.Option("--simulator/--no-simulator", help="A simulated house.", show_default=False)
]
Store = Annotated[Literal["influxdb", "sqlite"] | None, typer.Option(help="Where history is kept.")]
Grafana = Annotated[
    bool | None, typer.Option("--grafana/--no-grafana", help="Dashboards; they need InfluxDB.", show_default=False)
]
Tls = Annotated[
    bool | None,
    typer.Option("--tls/--no-tls", help="HTTPS and MQTT with TLS, by a private authority.", show_default=False),
]
Hosts = Annotated[Names, typer.Option(metavar="NAME", help=f"A name or address of this machine. {_MORE}")]
Address = Annotated[str | None, typer.Option(help="This machine's address, as others reach it.")]
Prefix = Annotated[str | None, typer.Option(help="What topics begin with, instead of dsmr.")]
PasswordFile = Annotated[
    str | None, typer.Option(metavar="FILE", help="The page's password: a file's first line; - is standard input.")
]
Rotate = Annotated[bool, typer.Option("--rotate", help="Change all secrets; no data is lost.")]
Only = Annotated[Names, typer.Option(metavar="SECRET", help=f"With --rotate: this alone, e.g. web-password. {_MORE}")]


@app.command()
def init(
    folder: Folder = None,
    *,
    yes: Yes = False,
    timezone: Zone = None,
    serial: Serial = None,
    gateway: Gateways = None,
    remove_gateway: Removed = None,
    program: Programs = None,
    simulator: Simulator = None,
    store: Store = None,
    grafana: Grafana = None,
    tls: Tls = None,
    host: Hosts = None,
    address: Address = None,
    prefix: Prefix = None,
    web_password_file: PasswordFile = None,
    rotate: Rotate = False,
    only: Only = None,
) -> None:
    """Make what a deployment by containers needs: settings, secrets, the broker's users and rights, certificates.

    Beside compose.yaml it writes .env, secrets/, broker/ and certificates/. At a terminal it asks the first time.

    Run again it adds what is missing (after an upgrade) and renews certificates that end within 60 days; all else
    stays as it is, your own lines in .env, broker/acl and broker/passwords as well. An option given changes what it
    names.

    `meterkast init --yes --gateway esp01` is a house with one gateway; `meterkast init --gateway shed` adds another.
    """
    from meterkast.init import questions, wishes  # noqa: PLC0415 - a command loads no other's libraries
    from meterkast.init.command import run_init  # noqa: PLC0415 - the same

    if only and not rotate:
        raise LauncherError("--only says what --rotate changes", hint="add --rotate")
    device, name = wishes.serial_of(serial) if serial else (None, None)
    wished = wishes.Wishes(
        timezone=questions.checked_zone(timezone) if timezone else None,
        serial=device,
        serial_name=name,
        serial_group=wishes.group_of(device) if device else None,
        simulator=simulator,
        gateways=tuple(gateway or ()),
        programs=tuple(program or ()),
        removed=tuple(remove_gateway or ()),
        store=store,
        grafana=grafana,
        tls=tls,
        hosts=tuple(wishes.checked_host(one) for one in host or ()),
        address=wishes.checked_host(address) if address else None,
        prefix=wishes.checked_prefix(prefix) if prefix else None,
        web_password=questions.checked_password(_first_line(web_password_file)) if web_password_file else None,
        rotate=rotate,
        only=tuple(only or ()),
    )
    run_init(folder, wished, ask=not yes)


def _first_line(file: str) -> str:
    try:
        text = sys.stdin.readline() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LauncherError(f"the password cannot be read from {file}: {error}") from error
    return text.partition("\n")[0].rstrip("\r")
