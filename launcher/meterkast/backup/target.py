"""Where a backup is written: a file that appears when it is whole, or standard output."""

import fcntl
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from meterkast.errors import LauncherError

STDOUT = "-"
PART = ".meterkast-backup.part"
_NAME = "meterkast-%Y%m%dT%H%M%SZ.tar"
_NAMED = re.compile(r"meterkast-\d{8}T\d{6}Z\.tar")


def named(given: str, now: datetime) -> Path:
    """Return the file to write; in a folder, which is made where it ends in /, it is named after the time."""
    path = Path(given)
    if given.endswith("/"):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path / now.astimezone(UTC).strftime(_NAME) if path.is_dir() else path


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Give a file that takes the place of `path` when the block ends well, and is gone when it does not."""
    part = path.with_name(PART)
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise LauncherError(
            f"{path} cannot be written: {error.strerror}", hint="give a file in a folder that this user may write to"
        ) from error
    with os.fdopen(descriptor, "r+b") as file:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LauncherError(
                f"another backup is being written in {path.parent}", hint="wait for it to end"
            ) from error
        try:
            file.truncate()
            yield file
            file.flush()
            os.fsync(descriptor)
            part.replace(path)
        except BaseException as error:
            part.unlink(missing_ok=True)
            if not isinstance(error, OSError):
                raise
            raise LauncherError(f"{path} cannot be written: {error.strerror}", hint="nothing is left of it") from error


def stdout() -> BinaryIO:
    """Return standard output; raises LauncherError where that is a terminal."""
    if sys.stdout.isatty():
        raise LauncherError("a backup is not written to a terminal", hint="send it on: meterkast backup - | …")
    return sys.stdout.buffer


def thin_out(folder: Path, keep: int) -> list[Path]:
    """Remove the oldest of the backups that were named after their time, all but `keep`; return them."""
    known = sorted(path for path in folder.iterdir() if _NAMED.fullmatch(path.name))
    gone = known[: max(0, len(known) - keep)]
    for path in gone:
        with suppress(FileNotFoundError):
            path.unlink()
    return gone
