"""`meterkast firmware …`: what can be asked, checked and passed on."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from meterkast.app import app
from meterkast.errors import LauncherError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from meterkast_api.settings import ApiSettings

SOMETHING_WRONG = 1

firmware = typer.Typer(
    name="firmware",
    help="Build, sign, release, flash and watch the firmware of ESP-01 gateways.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog="A new device: key (once for ever), build, sign, image, flash. A new version for those that there are: "
    "build, sign, release. Building, flashing and running need: pip install 'meterkast[firmware]'. All of it, with the "
    "schematic: firmware/README.md",
)
app.add_typer(firmware)

Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="What `meterkast firmware build` has made: dist/firmware/1.0.0.")
]
SourceFolder = Annotated[
    Path | None, typer.Option("--source", metavar="FOLDER", help="The firmware's source; ./firmware if absent.")
]
KeyFile = Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key: meterkast firmware key.")]
PublicKey = Annotated[Path, typer.Option("--key", metavar="FILE", help="The public key that devices shall trust.")]
PassphraseFile = Annotated[
    str | None, typer.Option(metavar="FILE", help="The key's passphrase: a file's first line; - is standard input.")
]
Port = Annotated[str, typer.Option("--port", metavar="DEVICE", help="The serial port, e.g. /dev/ttyUSB0.")]
Broker = Annotated[str | None, typer.Option(metavar="HOST[:PORT]", help="Instead of the one in the settings.")]


@firmware.command()
def key(
    file: Annotated[Path, typer.Argument(help="Where the private key goes.")] = Path("firmware.pem"),
    *,
    passphrase: Annotated[bool, typer.Option("--passphrase", help="Seal it: ask for a passphrase, twice.")] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make the key pair that signs releases.

    It is RSA-2048, the private key readable to its owner alone. Devices trust the public key they were flashed with,
    for ever: keep the private one safe, and a copy of it.
    """
    from meterkast.firmware.signing import make_pair  # noqa: PLC0415 - a command loads no other's libraries

    sealed = first_line(passphrase_file) if passphrase_file else None
    if passphrase and sealed is None:
        sealed = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True).encode()
    public = make_pair(file, sealed)
    typer.echo(f"{file} signs releases: keep it to yourself, and a copy of it.\n{public} goes onto every device.")


@firmware.command()
def build(
    *,
    source: SourceFolder = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where it goes; dist/firmware/VERSION if absent.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="Instead of the one in version.toml.")] = None,
    sequence: Annotated[
        int | None, typer.Option(min=1, help="Orders releases: a device takes a higher one only. As in version.toml.")
    ] = None,
    downgrade: Annotated[bool, typer.Option("--downgrade", help="Let devices with a newer one take it too.")] = False,
) -> None:
    """Compile the firmware into a folder.

    With it goes a manifest of all files, their sizes and SHA-256, which is what `sign` signs. What the slot takes of
    the flash is printed.
    """
    from meterkast.firmware.compiling import build as build_release  # noqa: PLC0415 - a command loads no other's libraries
    from meterkast.firmware.source import Source  # noqa: PLC0415 - the same

    found = Source.find(source)
    said_version, said_sequence = found.version()
    version = version or said_version
    target = to or Path("dist") / "firmware" / version
    built = build_release(found, target, version=version, sequence=sequence or said_sequence, downgrade=downgrade)
    typer.echo(
        f"{built.report()}\nRelease {version} (sequence {built.manifest.sequence}) is in {target}. "
        f"Next: meterkast firmware sign {target}"
    )


@firmware.command()
def sign(folder: Folder, *, key: KeyFile = Path("firmware.pem"), passphrase_file: PassphraseFile = None) -> None:
    """Sign a build.

    The signature is of its manifest, and by that of every file in it. A device takes only what is signed by the key
    that it was flashed with.
    """
    from meterkast.firmware.signing import sign as sign_release  # noqa: PLC0415 - a command loads no other's libraries

    release = sign_release(folder, _private(key, passphrase_file))
    typer.echo(
        f"Release {release.manifest.version} in {folder} is signed. Next: meterkast firmware image {folder} for a new "
        f"device, meterkast firmware release {folder} for those that there are."
    )


@firmware.command()
def release(
    folder: Folder,
    *,
    api: Annotated[str | None, typer.Option(metavar="URL", help="An API elsewhere; needs a token.")] = None,
    token_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="Its token, scope control: a file's first line; - is stdin.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where the API on this computer keeps its files.")] = None,
    announce: Annotated[
        list[str] | None, typer.Option(metavar="GATEWAY", help="Tell it to update itself. May be given often.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Tell all gateways that are online.")] = False,
    url: Annotated[
        str | None, typer.Option(help="By which address gateways reach the API, e.g. http://192.168.1.10:8080.")
    ] = None,
    broker: Broker = None,
    timeout: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="How long to watch at most.")] = 900,
) -> None:
    """Update gateways to a signed build.

    It is put where the API serves it, and with --announce or --all the gateways are told to take it. Then it
    watches until each has it or says why not; the exit code is 1 if any has not.
    """
    from meterkast.firmware import releasing  # noqa: PLC0415 - a command loads no other's libraries
    from meterkast.firmware.signing import signed, trusted  # noqa: PLC0415 - the same

    settings = _settings(data_dir, broker)
    trust = settings.api.firmware_key
    found = signed(folder, trusted(trust) if trust else None)
    version = found.manifest.version
    telling = bool(announce) or everyone
    place = releasing.served_at(version, url=url, setting=settings.api.firmware_url, api=api) if telling else ""
    if api is None:
        typer.echo(f"Release {version} is in {releasing.keep(found, settings.data_dir)}.")
    else:
        if token_file is None:
            raise LauncherError("the API wants a token", hint="--token-file FILE; meterkast token makes one there")
        releasing.send(found, api, first_line(token_file).decode())
        typer.echo(f"Release {version} is with {api}.")
    if telling:
        raise typer.Exit(asyncio.run(_announce(settings, version, place, announce or [], timeout)))


@firmware.command()
def image(
    folder: Folder,
    *,
    key: PublicKey = Path("firmware.pub.pem"),
    source: SourceFolder = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The device's settings as JSON; without it its portal asks.")
    ] = None,
    to: Annotated[Path, typer.Option(metavar="FILE", help="Where it goes.")] = Path("firmware.img"),
) -> None:
    """Make a new device's file system.

    Selector, trusted key, a signed release and, with --config, the device's settings, all in one file for `flash`.
    """
    from meterkast.firmware import image as images  # noqa: PLC0415 - a command loads no other's libraries
    from meterkast.firmware.signing import device_key, signed, trusted  # noqa: PLC0415 - the same
    from meterkast.firmware.source import Source  # noqa: PLC0415 - the same

    trust = trusted(key)
    found = signed(folder, trust)
    settings = images.config(config) if config else None
    files = dict(images.contents(Source.find(source), found.contents, device_key(trust), settings))
    data = images.image(files)
    to.write_bytes(data)
    typer.echo(
        f"{to}: {len(files)} files of release {found.manifest.version} in {len(data)} bytes, for {images.OFFSET:#x}. "
        f"Next: meterkast firmware flash {to} --port DEVICE --interpreter FILE"
    )


@firmware.command()
def flash(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="What `meterkast firmware image` has made.")] = Path(
        "firmware.img"
    ),
    *,
    port: Port,
    interpreter: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="MicroPython for ESP8266, 1 MB; without it only the files are written anew."),
    ] = None,
    sha256: Annotated[str | None, typer.Option(metavar="HEX", help="What the interpreter's SHA-256 must be.")] = None,
    baud: Annotated[int, typer.Option(help="Slower where the adapter or cable is poor.")] = 115_200,
    flash_mode: Annotated[
        str, typer.Option(help="keep, qio, dio or dout; dout where the device does not start.")
    ] = "keep",
    verify: Annotated[bool, typer.Option(help="Read everything back.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the commands.")] = False,
) -> None:
    """Flash a device by wire.

    GPIO0 must be at ground while the power comes on: the programmer's switch or button, or the jumper J1. The chip is
    erased, interpreter and files are written and read back; without --interpreter the files alone. The
    interpreter is MicroPython's own: https://micropython.org/download/ESP8266_GENERIC/, variant FLASH_1M.
    """
    from meterkast.firmware.flashing import Flashing  # noqa: PLC0415 - a command loads no other's libraries
    from meterkast.firmware.image import BLOCK_BYTES, BLOCKS  # noqa: PLC0415 - the same
    from meterkast.firmware.interpreter import interpreter as look_at  # noqa: PLC0415 - the same

    if not image.is_file() or image.stat().st_size != BLOCKS * BLOCK_BYTES:
        raise LauncherError(f"{image} is no image of {BLOCKS * BLOCK_BYTES} bytes", hint="meterkast firmware image")
    if flash_mode not in ("keep", "qio", "dio", "dout"):
        raise LauncherError(f"{flash_mode!r} is no flash mode", hint="keep, qio, dio or dout")
    found = look_at(interpreter, sha256) if interpreter else None
    if found:
        checked = "as it should be" if found.compared else "compare it with a --sha256 you trust"
        typer.echo(f"{found.file}: MicroPython {found.version}, SHA-256 {found.sha256} ({checked})", err=dry_run)
    flashing = Flashing(port=port, interpreter=found, image=image, baud=baud, mode=flash_mode, verify=verify)
    if dry_run:
        typer.echo(flashing.shown(), nl=False)
        return
    flashing.run()
    typer.echo("It is flashed. Take GPIO0 off ground and give it power anew: three slow flashes, and it is on its way.")


@firmware.command()
def logs(
    gateways: Annotated[
        list[str] | None, typer.Argument(metavar="[GATEWAY…]", help="All that there are, if absent.")
    ] = None,
    *,
    port: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="Listen to a serial line instead; Ctrl-] ends it.")
    ] = None,
    baud: Annotated[int, typer.Option(help="With --port; a chip's boot loader speaks at 74880.")] = 74_880,
    broker: Broker = None,
) -> None:
    """Show what devices say, as they say it.

    Over MQTT, or with --port what the chip's boot loader says by wire. By wire the firmware itself is silent, since
    its serial line is the meter's.
    """
    from meterkast.firmware import logs as watching  # noqa: PLC0415 - a command loads no other's libraries

    if port:
        raise typer.Exit(watching.serial(port, baud))
    asyncio.run(watching.messages(_settings(None, broker).mqtt, [_gateway(name) for name in gateways or ()]))


async def _announce(settings: "ApiSettings", version: str, url: str, names: Sequence[str], timeout_s: float) -> int:
    from meterkast.firmware.announcing import Announcement  # noqa: PLC0415 - a command loads no other's libraries
    from meterkast.firmware.devices import devices  # noqa: PLC0415 - the same

    def say(line: str) -> None:
        typer.echo(line)
        sys.stdout.flush()

    announcement = Announcement(version, url, timeout_s, say)
    async with devices(settings.mqtt, [_gateway(name) for name in names]) as heard:
        return 0 if await announcement.run(heard, names) else SOMETHING_WRONG


def _settings(data_dir: Path | None, broker: str | None) -> "ApiSettings":
    from meterkast_api.settings import ApiSettings  # noqa: PLC0415 - a command loads no other's libraries
    from meterkast_runtime.settings import load_settings  # noqa: PLC0415 - the same

    from meterkast.greeting import broker_of  # noqa: PLC0415 - the same
    from meterkast.quiet import quiet  # noqa: PLC0415 - the same

    quiet()
    overrides: dict[str, Any] = {"data_dir": data_dir} if data_dir else {}
    if broker:
        overrides["mqtt"] = broker_of(broker)
    return load_settings(ApiSettings, overrides=overrides)


def _gateway(name: str) -> str:
    from meterkast_contracts.topics import TopicError, check_gateway  # noqa: PLC0415 - a command loads no other's libraries

    try:
        return check_gateway(name)
    except TopicError as error:
        raise LauncherError(str(error)) from error


def _private(file: Path, passphrase_file: str | None) -> "RSAPrivateKey":
    from meterkast.firmware.signing import is_sealed, private_key  # noqa: PLC0415 - a command loads no other's libraries

    passphrase = first_line(passphrase_file) if passphrase_file else None
    if passphrase is None and is_sealed(file) and sys.stdin.isatty():
        passphrase = typer.prompt(f"Passphrase of {file}", hide_input=True).encode()
    return private_key(file, passphrase)


def first_line(file: str) -> bytes:
    """The first line of a file, or of standard input where it is called -; raises LauncherError."""
    try:
        text = sys.stdin.buffer.readline() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise LauncherError(f"{file} cannot be read: {error.strerror}") from error
    return text.partition(b"\n")[0].rstrip(b"\r")
