"""Power on: mounts a flash image, or a folder in its place, as the chip does and runs its boot.py and main.py.

    micropython power_on.py IMAGE

with MICROPYPATH leading to this folder; FIRMWARE_SLEEP divides every sleep, FIRMWARE_HURRY the time of every timer, and
the clock runs FIRMWARE_CLOCK times as fast.
Files and devices of the PC, as in FIRMWARE_PORT, are below /pc: /pc/dev/ttyUSB0.
"""

import os
import sys
import time

import air
import machine
import network
import sockets
import vfs
from flash import Flash

_open = open


class Like:
    """A built-in module with some of its names replaced."""

    def __init__(self, module: object, **replaced: object) -> None:
        for name in dir(module):
            if not name.startswith("__"):
                setattr(self, name, getattr(module, name))
        for name, value in replaced.items():
            setattr(self, name, value)


def mount(flash: object) -> None:
    """Make a flash, or a folder, the root of the files, and the PC's own root /pc below it."""
    if "pc" in os.listdir("/"):
        vfs.umount("/pc")
    vfs.umount("/")
    vfs.mount(flash, "/")
    vfs.mount(vfs.VfsPosix("/"), "/pc")


def modules() -> dict:
    """What the chip has and a PC has not, or not so."""
    hurry = int(os.getenv("FIRMWARE_SLEEP") or 1)
    pace = int(os.getenv("FIRMWARE_CLOCK") or 1)
    last = time.ticks_add(0, -1)
    return {
        "machine": machine,
        "network": network,
        "socket": sockets.Sockets(),
        "os": Like(os, dupterm=lambda _stream, _slot=0: None),
        "time": Like(
            time,
            ticks_ms=time.ticks_ms if pace == 1 else lambda: time.ticks_ms() * pace & last,
            sleep=lambda seconds: time.sleep_ms(int(seconds * 1000 / hurry)),
            sleep_ms=lambda ms: time.sleep_ms(ms // hurry),
        ),
    }


def chip() -> None:
    """Run what the chip runs at its start."""
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib", "/"]
    air.world()
    for name in ("boot.py", "main.py"):
        execfile("/" + name, {"__name__": "__main__"})  # noqa: F821 - of MicroPython


def mount_folder(place: str) -> None:
    """Make a folder the root; VfsPosix with a root confuses the two names of a rename, and so has none there."""
    mount(vfs.VfsPosix(place))
    sys.modules["os"].rename = lambda old, new: vfs.VfsPosix().rename(place + "/" + old, place + "/" + new)


if __name__ == "__main__":
    sys.modules.update(modules())
    if os.stat(sys.argv[1])[0] & 0x4000:
        mount_folder(sys.argv[1])
    else:
        mount(Flash(_open(sys.argv[1], "r+b")))
    chip()
