"""Checks the device's code against MicroPython's API on an ESP8266: `python firmware/typecheck.py`.

The stubs lie among this computer's own packages, where mypy would not take them for another machine's standard library.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import files
from pathlib import Path

EXCUSED = re.compile(
    r'"(None|object)" has no attribute'  # what is None or of several types at first
    r'|Too many arguments for "readline" of "socket"'  # it takes a limit; so does ifconfig "dhcp" (network_wlan.c)
    r'|incompatible type "\*\*dict\[str, object\]"'
    r'|overload variant of "ifconfig" of "WLAN" matches argument type "str"'
)
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
    """Run mypy; 1 if it finds anything that is not excused."""
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder))
        places = [HERE / "app", HERE / "selector"]
        done = subprocess.run(  # noqa: S603 - our own mypy
            [
                *(sys.executable, "-m", "mypy", "--config-file", HERE / "mypy.ini", "--custom-typeshed-dir", folder),
                *sorted(path for place in places for path in place.glob("*.py")),
            ],
            check=False,
            capture_output=True,
            text=True,
            env={"MYPYPATH": ":".join([*map(str, places), folder]), "PATH": "/usr/bin:/bin"},
        )
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    found = [line for line in errors if not EXCUSED.search(line)]
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.stderr.write(done.stderr)
    return 1 if found or done.stderr or (done.returncode and not errors) else 0


if __name__ == "__main__":
    sys.exit(main())
