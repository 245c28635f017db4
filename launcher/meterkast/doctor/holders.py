"""Which other programs have a device open."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

_LSOF_TIMEOUT_S = 10


def holders(device: str) -> list[str]:
    """Name and process id of the other programs that have the device open, as far as this user may see them."""
    path = os.path.realpath(device)
    found = _by_proc(path) if sys.platform == "linux" else _by_lsof(path)
    return [_named(pid) for pid in sorted(set(found)) if pid != os.getpid()]


def _by_proc(path: str) -> Iterator[int]:
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if any(str(handle.readlink()) == path for handle in (process / "fd").iterdir()):
                    yield int(process.name)
            except OSError:
                continue


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
