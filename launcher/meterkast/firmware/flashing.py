"""A device flashed by wire, by esptool."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from meterkast.doctor.device import examine
from meterkast.errors import LauncherError
from meterkast.firmware.image import OFFSET
from meterkast.firmware.interpreter import Interpreter
from meterkast.firmware.tools import program

BAUD = 115_200
_SIZE = ("--flash-size", "1MB")
NOT_IN_ITS_LOADER = (
    "GPIO0 must be at ground while the power comes on (a programmer for ESP-01 has a switch or button for it); "
    "feed it 3.3 V, never 5 V; TX goes to RX"
)


@dataclass(frozen=True, kw_only=True)
class Flashing:
    """What goes where, and by which port; without an interpreter only the files are written."""

    port: str
    interpreter: Interpreter | None
    image: Path
    baud: int = BAUD
    mode: str = "keep"
    verify: bool = True

    def commands(self) -> Iterator[list[str]]:
        """The command lines, in order."""
        places = [f"{OFFSET:#x}", str(self.image)]
        if self.interpreter:
            places = ["0x0", str(self.interpreter.file), *places]
        geometry = [*_SIZE, "--flash-mode", self.mode]
        erase = ["--erase-all"] if self.interpreter else []
        head = [program("esptool"), "--chip", "esp8266", "--port", self.port, "--baud", str(self.baud)]
        yield [*head, "write-flash", *erase, *geometry, *places]
        if self.verify:
            yield [*head, "verify-flash", *geometry, *places]

    def shown(self) -> str:
        """The command lines as a person would type them."""
        return "\n".join(shlex.join(["esptool", *command[1:]]) for command in self.commands()) + "\n"

    def run(self) -> None:
        """Flash; raises LauncherError where the port or the device does not answer."""
        if found := examine(self.port):
            raise LauncherError(found.sentence.rstrip("."), hint=found.advice[0] if found.advice else None)
        for command in self.commands():
            step = next(word for word in command if word.endswith("-flash"))
            sys.stdout.flush()
            if subprocess.run(command, check=False).returncode:  # noqa: S603 - esptool, no shell
                raise LauncherError(f"esptool could not do {step}", hint=NOT_IN_ITS_LOADER)
