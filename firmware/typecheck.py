"""Checks the device's code against MicroPython's API on an ESP8266: `python firmware/typecheck.py`.

The stubs lie among this computer's own packages, where mypy would not take them for another machine's standard library.
"""

import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import files
from pathlib import Path

HERE = Path(__file__).parent
STUBS = ("micropython-esp8266-esp8266-generic-stubs", "micropython-stdlib-stubs")


def lay_out(target: Path) -> None:
    """Copy the stubs into a folder of their own."""
    for distribution in STUBS:
        for file in files(distribution) or ():
            if file.suffix == ".pyi" or file.name == "VERSIONS":
                place = target / file
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), place)


def main() -> int:
    """Run mypy; its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        stubs = Path(folder)
        lay_out(stubs)
        paths = [str(HERE / "app"), str(HERE / "selector"), folder]
        command = [
            sys.executable,
            "-m",
            "mypy",
            "--config-file",
            str(HERE / "mypy.ini"),
            "--custom-typeshed-dir",
            folder,
        ]
        sources = sorted(str(path) for place in paths[:2] for path in Path(place).glob("*.py"))
        environment = {"MYPYPATH": ":".join(paths), "PATH": "/usr/bin:/bin"}
        return subprocess.run([*command, *sources], check=False, env=environment).returncode  # noqa: S603 - our own mypy


if __name__ == "__main__":
    sys.exit(main())
