"""The command `meterkast` as a person starts it: a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

TIMEOUT_S = 60


def environment(directory: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a machine on which nobody has configured anything, all data in `directory`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("METERKAST_")}
    home = {"HOME": str(directory), "XDG_DATA_HOME": str(directory / "data"), "XDG_CONFIG_HOME": str(directory / "etc")}
    return {**kept, **home, **(extra or {})}


def command(*arguments: str) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "meterkast", *arguments]


def meterkast(
    *arguments: str, directory: Path, stdin: bytes = b"", extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run it to its end."""
    return subprocess.run(
        command(*arguments),
        input=stdin,
        capture_output=True,
        cwd=directory,
        env=environment(directory, extra),
        timeout=TIMEOUT_S,
        check=False,
    )
