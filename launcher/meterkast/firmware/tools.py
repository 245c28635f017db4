"""The programs that building and flashing need: of an optional extra, since few need them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from meterkast.errors import LauncherError

GET_THEM = "pip install 'meterkast[firmware]'"


def program(name: str) -> str:
    """Path of a program in the package of its name, beside this Python or on the PATH; raises LauncherError."""
    package = find_spec(name.replace("-", "_"))
    inside = Path(package.origin).parent / name if package and package.origin else None
    if inside and inside.is_file() and os.access(inside, os.X_OK):
        return str(inside)  # what lies beside Python is a script that starts a Python to start this
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        raise LauncherError(f"{name} is missing", hint=GET_THEM)
    return found


def output(command: Sequence[str | Path], what: str) -> bytes:
    """Run a program to its end and return what it wrote; raises LauncherError with its complaint."""
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - programs of ours, no shell
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise LauncherError(f"{what}: {said.splitlines()[-1] if said else f'exit code {done.returncode}'}")
    return done.stdout
