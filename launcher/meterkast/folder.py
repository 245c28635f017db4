"""The data folder: writable, and used by one Meterkast at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meterkast.errors import LauncherError


@contextmanager
def data_folder(path: Path) -> Iterator[Path]:
    """Hold the folder for as long as the block runs; raises LauncherError when it cannot be used."""
    lock = path / "meterkast.lock"
    try:
        path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise LauncherError(
            f"the data folder {path} cannot be written: {error.strerror}",
            hint="make it writable for this user, or give another by --data-dir",
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LauncherError(
                f"another meterkast (process {_pid(descriptor)}) uses the data folder {path}",
                hint="stop it, or give another folder by --data-dir",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield path.resolve()
    finally:
        os.close(descriptor)


def _pid(descriptor: int) -> str:
    return os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
