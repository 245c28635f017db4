"""Which other programs have a device open."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

_LSOF_TIMEOUT_S = 10
_PTY_MAJORS = range(136, 144)  # Documentation/admin-guide/devices.txt of Linux


def holders(device: str) -> list[str]:
    """Name and process id of the other programs that have the device open, as far as this user may see them."""
    path = os.path.realpath(device)
    found = _by_proc(path) if sys.platform == "linux" else _by_lsof(path)
    return [_named(pid) for pid in sorted(set(found)) if pid != os.getpid()]


def _by_proc(path: str) -> Iterator[int]:
    try:
        wanted = _identity(Path(path))
    except OSError:
        return
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if any(_identity(handle) == wanted for handle in (process / "fd").iterdir() if _is_device(handle)):
                    yield int(process.name)
            except OSError:
                continue


def _is_device(handle: Path) -> bool:
    return str(handle.readlink()).startswith("/dev/")


def _identity(path: Path) -> tuple[int, int]:
    """Device number and, as every mount of devpts counts its terminals anew, the mount of a pseudo-terminal."""
    status = path.stat()
    return status.st_rdev, status.st_dev if os.major(status.st_rdev) in _PTY_MAJORS else 0


def _by_lsof(path: str) -> list[int]:
    lsof = shutil.which("lsof")
    if lsof is None:
        return []
    command = [lsof, "-t", "--", path]
    result = subprocess.run(command, capture_output=True, check=False, timeout=_LSOF_TIMEOUT_S)  # noqa: S603 - a fixed program
    return [int(word) for word in result.stdout.split() if word.isdigit()]


def _named(pid: int) -> str:
    try:
        return f"{psutil.Process(pid).name()} (process {pid})"
    except psutil.Error:
        return f"process {pid}"
