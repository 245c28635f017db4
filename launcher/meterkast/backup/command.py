"""The commands `meterkast backup` and `meterkast restore`: what can be asked."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from meterkast.errors import LauncherError

if TYPE_CHECKING:
    from meterkast.backup.container import Contents

DIFFERENT = 1
DataDir = Annotated[Path | None, typer.Option(help="Where Meterkast keeps its files.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file; a folder: a file in it; - is standard output.")],
    *,
    samples: Annotated[
        bool, typer.Option("--with-samples/--without-samples", help="Each reading too, not only the quarters.")
    ] = True,
    deployment: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="And what `meterkast init` wrote there: secrets and so on."),
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="In a folder: remove the oldest beyond so many.")
    ] = None,
    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="Read it back when it is written.")] = True,
    data_dir: DataDir = None,
) -> None:
    """Save everything worth keeping in one file, while everything runs.

    History, the password, tokens, contracts, prices and preferences, the console's host key, meterkast.toml. The file
    holds secrets: only its owner can read it. It is a plain tar: docs/backup.md says what lies in it.

    `meterkast backup /var/backups/meterkast/ --keep 14` from a timer keeps the last fourteen.
    """
    from meterkast.backup.making import BackupOptions, make_backup  # noqa: PLC0415 - a command loads no other's libraries
    from meterkast.backup.settings import loaded, settings_in_force  # noqa: PLC0415 - the same

    options = BackupOptions(file=file, samples=samples, verify=verify, deployment=deployment, keep=keep)
    if keep is not None and not (file.endswith("/") or Path(file).is_dir()):
        raise LauncherError("--keep needs a folder to keep them in", hint="meterkast backup FOLDER/ --keep 14")
    with _ended_in_order():
        asyncio.run(make_backup(options, loaded(data_dir), settings_in_force()))


def restore(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What `meterkast backup` wrote; - is standard input.")],
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only restore it aside and compare the sums with the history here.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="What is here goes.")] = False,
    merge: Annotated[
        bool, typer.Option("--merge", help="Add what is missing; what is known stays. Meterkast may run.")
    ] = False,
    deployment: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Put what `meterkast init` had written there.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Put a backup back: into the history that the settings name, SQLite or InfluxDB, whichever it came from.

    The file is checked as a whole before anything is touched. Stop Meterkast first, unless you --merge. Where there is
    something already, nothing is done without --replace or --merge.

    The exit code of --check is 1 when sums differ.
    """
    from meterkast.backup.comparison import check as compared  # noqa: PLC0415 - a command loads no other's libraries
    from meterkast.backup.restoring import RestoreOptions, Restoring  # noqa: PLC0415 - the same
    from meterkast.backup.settings import loaded, settings_brought  # noqa: PLC0415 - the same

    if replace + merge + check > 1:
        raise LauncherError("--check, --replace and --merge exclude each other", hint="give one of them")
    options = RestoreOptions(replace=replace, merge=merge, deployment=deployment)
    with _ended_in_order(), _opened(file) as source:
        held = _checked(source)
        if check:
            raise typer.Exit(0 if asyncio.run(compared(source, held, loaded(data_dir))) else DIFFERENT)
        with settings_brought(source, held):
            settings = loaded(data_dir)
            rows = asyncio.run(Restoring(source, held, options, settings).run())
            place = settings.store.place(settings.data_dir).rpartition("@")[2]
            sys.stdout.write(f"{rows:,} rows put into {place}\n")


def _checked(source: BinaryIO) -> "Contents":
    """Read it all and say what it is."""
    from meterkast.backup import accounts, deployment  # noqa: PLC0415 - a command loads no other's libraries
    from meterkast.backup.container import contents, read  # noqa: PLC0415 - the same
    from meterkast.progress import Progress  # noqa: PLC0415 - the same

    progress = Progress()
    held = contents(source, progress)
    progress.clear()
    if (found := held.found.get("api.sqlite")) is not None:
        accounts.check(read(source, found))
    for found in held.under(deployment.FOLDER):
        deployment.place(Path(), found.member.name)
    sys.stdout.write(
        f"a whole backup of {held.made_at:%Y-%m-%d %H:%M} UTC by meterkast {held.program}: "
        f"{held.rows('history/'):,} rows of history\n"
    )
    return held


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file != "-":
        try:
            source = open(file, "rb")  # noqa: PTH123, SIM115 - the name is shown as it was given
        except OSError as error:
            raise LauncherError(f"{file} cannot be read: {error.strerror}", hint="give the file of a backup") from error
        with source:
            yield source
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        yield copy


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, so that nothing half done is left."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
