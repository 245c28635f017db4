"""`meterkast firmware run`: what can be asked, checked and passed on."""

import json
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from meterkast.errors import LauncherError
from meterkast.firmware.command import Port, SourceFolder, firmware

_NETWORK = "this computer"


@firmware.command()
def run(
    *,
    port: Port,
    broker: Annotated[str, typer.Option(metavar="HOST[:PORT]", help="Where it publishes.")] = "localhost",
    gateway: Annotated[str, typer.Option(metavar="NAME", help="Its name in topics and pages.")] = "home",
    user: Annotated[str | None, typer.Option(help="The broker's user, if it asks for one.")] = None,
    password_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="The user's password: a file's first line; - is standard input.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="What topics begin with.")] = "dsmr",
    source: SourceFolder = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its flash: kept over runs, so that updates stay.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The public key of the updates it takes; none without it.")
    ] = None,
) -> None:
    """Run the firmware here, with a P1 cable.

    It is the same code on real MicroPython. Everyday use is `meterkast up /dev/ttyUSB0`, which loses nothing when the
    broker is away; this is for those who want to see the firmware before they solder. Ctrl-C ends it.
    """
    from meterkast.firmware.running import Chip  # noqa: PLC0415 - a command loads no other's libraries
    from meterkast.firmware.source import Source  # noqa: PLC0415 - the same

    found = Source.find(source)
    settings = {
        "gateway": gateway,
        "prefix": prefix,
        "wifi": {"ssid": _NETWORK, "password": ""},
        "broker": _broker(broker, user, password_file),
    }
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="meterkast-")))
        flash = keep or folder / "flash.img"
        if flash.exists():
            told = f"The gateway in {flash} reads {port}: the name, broker and key that it has are those that count."
        else:
            told = f"{gateway} reads {port}, for the broker at {broker}."
            flash.write_bytes(_image(found, folder, json.dumps(settings).encode(), key))
        air = folder / "air.json"
        air.write_text(json.dumps({"networks": [{"ssid": _NETWORK, "password": "", "rssi": -50, "channel": 1}]}))
        chip = Chip(source=found, flash=flash, port=port, air=air)
        chip.check()
        typer.echo(f"{told} Ctrl-C ends it.")
        raise typer.Exit(chip.run())


def _broker(place: str, user: str | None, password_file: str | None) -> dict[str, Any]:
    """The broker as the firmware's settings have it."""
    from meterkast.firmware.command import first_line  # noqa: PLC0415 - a command loads no other's libraries
    from meterkast.greeting import broker_of  # noqa: PLC0415 - the same

    found = broker_of(place)
    login = {"user": user} if user else {}
    if password_file:
        login["password"] = first_line(password_file).decode()
    return {"host": _address(found["host"]), "port": _number(found.get("port", "1883")), **login}


def _image(source: Any, folder: Path, settings: bytes, key: Path | None) -> bytes:
    """A flash with the firmware as it stands in the source; it needs no signature until it is updated."""
    from meterkast.firmware import image as images  # noqa: PLC0415 - a command loads no other's libraries
    from meterkast.firmware.compiling import build  # noqa: PLC0415 - the same
    from meterkast.firmware.signing import device_key, trusted  # noqa: PLC0415 - the same

    version, sequence = source.version()
    built = build(source, folder / "build", version=version, sequence=sequence)
    contents = {path.name: path.read_bytes() for path in built.folder.iterdir()}
    return images.image(dict(images.contents(source, contents, device_key(trusted(key)) if key else None, settings)))


def _address(host: str) -> str:
    """The IPv4 address of a host, which this computer finds in more ways than a chip does."""
    try:
        return socket.gethostbyname(host)
    except OSError as error:
        raise LauncherError(f"the broker {host} cannot be found: {error}") from error


def _number(port: str) -> int:
    if not port.isdigit():
        raise LauncherError(f"{port!r} is no port", hint="--broker HOST or HOST:PORT")
    return int(port)
