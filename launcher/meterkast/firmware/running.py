"""The firmware on this computer: real MicroPython, a real serial port, a file in the place of the chip's flash."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from meterkast.doctor.device import examine
from meterkast.errors import LauncherError
from meterkast.firmware.source import Source
from meterkast.firmware.tools import program

AGAIN = 75
"""The exit code by which the firmware asks to be started again, as a chip restarts."""
SOFT_RESET = 4
HEAP = "256K"
"""More than the chip's 38 KB: objects are twice as large here."""
_PC = "/pc"
_FROM_INTERRUPT = b"RESET FROM AN INTERRUPT"
_PORT = re.compile(r"/dev/\S+")


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A device of files: its flash, what a reset leaves, its serial port."""

    source: Source
    flash: Path
    port: str
    heap: str = HEAP
    air: Path | None = None

    def variables(self, memory: Path, cause: int) -> Mapping[str, str]:
        """What its stand-in for the hardware reads; files and devices of this computer stand below /pc there."""
        air = {"FIRMWARE_AIR": f"{_PC}{self.air.resolve()}"} if self.air else {}
        return {
            **os.environ,
            "MICROPYPATH": str((self.source.folder / "stand_in").resolve()),
            "FIRMWARE_PORT": f"{_PC}{self.port}",
            "FIRMWARE_RTC": str(memory),
            "FIRMWARE_RESET_CAUSE": str(cause),
            **air,
        }

    def check(self) -> None:
        """Whether the port can be read; raises LauncherError."""
        if not _PORT.fullmatch(self.port):
            raise LauncherError(f"{self.port} is no serial port", hint="such as /dev/ttyUSB0")
        if found := examine(self.port):
            raise LauncherError(found.sentence.rstrip("."), hint=found.advice[0] if found.advice else None)

    def run(self) -> int:
        """Start it, and again each time it restarts, until it is told to stop; its last exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):  # SIGINT too is ignored in the background of a script
            signal.signal(number, _end)  # or the firmware would outlive us
        with _memory() as memory:
            cause = 0
            while (code := self._boot(memory, cause)) == AGAIN:
                cause = SOFT_RESET
        return code

    def _boot(self, memory: Path, cause: int) -> int:
        """Run it from one start to the next; what it prints goes on to standard error."""
        power_on = (self.source.folder / "stand_in" / "power_on.py").resolve()
        command = [program("micropython"), "-X", f"heapsize={self.heap}", str(power_on), str(self.flash.resolve())]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=self.variables(memory, cause))  # noqa: S603 - no shell
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            for line in process.stdout:
                if _FROM_INTERRUPT in line:
                    process.kill()
                    process.wait()
                    return AGAIN
                sys.stderr.write(line.decode(errors="replace"))
            return process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _end(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


@contextmanager
def _memory() -> Iterator[Path]:
    """The memory that outlives a reset, and not the end of the program."""
    with tempfile.TemporaryDirectory(prefix="meterkast-") as folder:
        memory = Path(folder) / "rtc"
        memory.write_bytes(b"\0")
        yield memory
