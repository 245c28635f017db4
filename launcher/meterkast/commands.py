"""The command line: what can be asked, checked and passed on."""

import re
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from meterkast_contracts.topics import GATEWAY_PATTERN, TopicError, check_gateway

from meterkast.app import app
from meterkast.errors import LauncherError

_KEY_BYTES = 16
_NAME = re.compile(GATEWAY_PATTERN)


@app.command()
def up(
    source: Annotated[
        str | None, typer.Argument(help="/dev/ttyUSB0, socket://host:port, replay:file?speed=60, simulator:be-emucs…")
    ] = None,
    *,
    gateway: Annotated[str | None, typer.Option(metavar="NAME", help="The P1 port's name in topics and pages.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Web page; 8080 or the next free one.")] = None,
    lan: Annotated[
        bool, typer.Option("--lan", help="Let the network reach the page too; it needs a password: meterkast password.")
    ] = False,
    insecure: Annotated[bool, typer.Option("--insecure", help="With --lan: let everybody read without it.")] = False,
    mqtt_port: Annotated[int | None, typer.Option(min=1, max=65535, help="MQTT; 1883 or the next free one.")] = None,
    mqtt_address: Annotated[str, typer.Option(help="Where MQTT listens; 0.0.0.0 lets the network in.")] = "127.0.0.1",
    broker: Annotated[str | None, typer.Option(metavar="HOST[:PORT]", help="Use this broker, start none.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where history, spool and broker keep their files.")] = None,
    log_level: Annotated[str | None, typer.Option(metavar="LEVEL", help="debug, info, warning or error.")] = None,
) -> None:
    """Run everything on this computer: broker, reader, parser, history and the web page.

    Without a SOURCE it reads what meterkast.toml names, or else a simulated house.

    Everything can be set in meterkast.toml or by METERKAST_… variables too: METERKAST_READER__SOURCE=/dev/ttyUSB0,
    METERKAST_MQTT__HOST=broker.local (then no broker is started), METERKAST_STORE__URL=influxdb://…
    """
    from meterkast.up import UpOptions, run_up  # noqa: PLC0415 - a command loads no other's libraries

    run_up(
        UpOptions(
            source=source,
            gateway=gateway,
            port=port,
            lan=lan,
            insecure=insecure,
            mqtt_port=mqtt_port,
            mqtt_address=mqtt_address,
            broker=broker,
            data_dir=data_dir,
            log_level=log_level,
        )
    )


@app.command()
def parse(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE…|-]", help="Files; `-` is standard input.")
    ] = None,
    *,
    no_crc: Annotated[
        bool, typer.Option("--no-crc", help="Take telegrams whose CRC is wrong too; their damaged lines are warnings.")
    ] = False,
    key: Annotated[
        str | None, typer.Option(metavar="HEX", help="The grid operator's key, for ciphered telegrams.")
    ] = None,
    gateway: Annotated[str, typer.Option(help="The name that the readings carry.")] = "home",
    timezone: Annotated[str, typer.Option(help="Where the meter stands.")] = "Europe/Amsterdam",
) -> None:
    """Turn telegrams into one JSON reading per line.

    Each bad telegram is one line on standard error: file, offset, reason. The exit code is 1 if there was any.
    """
    from meterkast.parse import ParseOptions, parse_all  # noqa: PLC0415 - a command loads no other's libraries

    options = ParseOptions(gateway=_gateway(gateway), zone=_zone(timezone), check_crc=not no_crc, key=_key(key))
    raise typer.Exit(parse_all(files or ["-"], options))


@app.command()
def simulate(
    dialect: Annotated[
        str, typer.Argument(help="What the meter speaks, e.g. nl-dsmr5, nl-dsmr22, be-emucs.")
    ] = "nl-dsmr5",
    *,
    seed: Annotated[int, typer.Option(help="Another number, another house; the same number, the same bytes.")] = 1,
    start: Annotated[str | None, typer.Option(metavar="TIME", help="The first telegram's time; now if absent.")] = None,
    step: Annotated[
        float | None, typer.Option(min=1, metavar="SECONDS", help="Between two telegrams; the meter's own if absent.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 1,
) -> None:
    """Write a simulated meter's telegrams to standard output.

    `meterkast simulate be-emucs --start 2026-06-21 --step 900 --count 96 | meterkast parse` is a summer's day.
    """
    from meterkast.simulate import SimulateOptions, run_simulate  # noqa: PLC0415 - a command loads no other's libraries

    run_simulate(SimulateOptions(dialect=dialect, seed=seed, start=start, step_s=step, count=count))


@app.command()
def replay(
    file: Annotated[str, typer.Argument(help="A recording of telegrams, also gzipped.")],
    *,
    speed: Annotated[str, typer.Option(help="Times as fast as it was recorded; max is as fast as can be.")] = "1",
    gateway: Annotated[str, typer.Option(metavar="NAME", help="The name that the telegrams get.")] = "replay",
    broker: Annotated[
        str | None, typer.Option(metavar="HOST[:PORT]", help="Instead of the one in the settings.")
    ] = None,
) -> None:
    """Send a recording to a running Meterkast (or any broker), then end.

    `meterkast up replay:FILE?speed=60` does it with a pipeline of its own.
    """
    from meterkast.replay import ReplayOptions, run_replay  # noqa: PLC0415 - a command loads no other's libraries

    run_replay(ReplayOptions(file=file, speed=speed, gateway=_gateway(gateway), broker=broker))


@app.command(name="import")
def import_history(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="What another program has kept.")],
    *,
    gateway: Annotated[str, typer.Option(metavar="NAME", help="The P1 port whose history it is.")] = "home",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be added.")] = False,
    format_name: Annotated[
        str, typer.Option("--format", metavar="NAME", help="What the files are; auto looks at each.")
    ] = "auto",
    meter: Annotated[
        str | None, typer.Option(metavar="NAME", help="The meter that was read; found out if absent.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where history keeps its files.")] = None,
) -> None:
    """Add what DSMR-reader, P1 Monitor or a DSMR logger has kept to history.

    What is there already stays as it is: the same file again adds nothing. It may be done while `meterkast up` runs.
    The exit code is 1 when a file could not be imported.
    """
    from meterkast.import_command import ImportOptions, run_import  # noqa: PLC0415 - a command loads no other's libraries

    options = ImportOptions(
        files=files,
        gateway=_gateway(gateway),
        dry_run=dry_run,
        format=format_name,
        meter=meter,
        data_dir=data_dir,
    )
    raise typer.Exit(run_import(options))


@app.command()
def doctor(
    source: Annotated[
        str | None,
        typer.Argument(help="A P1 port, e.g. /dev/ttyUSB0, or a gateway's name; the only serial port, if absent."),
    ] = None,
    *,
    gateway: Annotated[
        str | None, typer.Option(metavar="NAME", help="Look at a gateway in the network instead, over MQTT.")
    ] = None,
    broker: Annotated[
        str | None, typer.Option(metavar="HOST[:PORT]", help="With a gateway: not the one in the settings.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="How long to listen at most.")] = 30,
    key: Annotated[
        str | None, typer.Option(metavar="HEX", help="The grid operator's key, for a ciphered port.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Where the meter stands.")] = "Europe/Amsterdam",
) -> None:
    """Look at a P1 port, or at a gateway in the network, and say in plain words what is wrong and what to do.

    The exit code is 0 when all is well and 1 when something is to be done.
    """
    name = gateway or (source if source and _may_be_gateway(source) else None)
    if name is not None:
        from meterkast.doctor.gateway_visit import run_gateway_doctor  # noqa: PLC0415 - a command loads no other's libraries

        raise typer.Exit(run_gateway_doctor(broker, _gateway(name), seconds))
    from meterkast_runtime.settings import Settings, load_settings  # noqa: PLC0415 - a command loads no other's libraries

    from meterkast.doctor.command import DoctorOptions, run_doctor  # noqa: PLC0415 - the same

    options = DoctorOptions(
        source=source,
        seconds=seconds,
        zone=_zone(timezone),
        key=_key(key),
        data_dir=load_settings(Settings).data_dir,
    )
    raise typer.Exit(run_doctor(options))


def _may_be_gateway(source: str) -> bool:
    """Whether a word is a gateway's name rather than a device, a source (`scheme:…`) or a file."""
    return _NAME.fullmatch(source) is not None and not Path(source).exists()


def _gateway(name: str) -> str:
    try:
        return check_gateway(name)
    except TopicError as error:
        raise LauncherError(str(error)) from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise LauncherError(f"{name!r} is not a time zone", hint="use a name such as Europe/Amsterdam") from error


def _key(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise LauncherError("the key is not 32 hexadecimal digits", hint="copy it from the grid operator's letter")
    return key
