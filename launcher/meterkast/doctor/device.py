"""A serial device before it is opened: is it there, may we, has another program got it."""

import grp
import os
import stat
from collections.abc import Callable
from pathlib import Path

from meterkast.doctor.diagnosis import Diagnosis, Finding
from meterkast.doctor.holders import holders

PATTERNS = ("serial/by-id/*", "ttyUSB*", "ttyACM*", "ttyAMA*", "cu.usbserial*", "cu.usbmodem*")


def found_ports(devices: Path = Path("/dev")) -> list[str]:
    """Devices that can be a P1 cable, each once and by its most lasting name."""
    named: dict[str, str] = {}
    for pattern in PATTERNS:
        for path in sorted(devices.glob(pattern)):
            named.setdefault(os.path.realpath(path), str(path))
    return list(named.values())


def examine(device: str, *, may: Callable[[str, int], bool] = os.access) -> Diagnosis | None:
    """What keeps the device from being opened, None if nothing does; `may` says what this user is allowed."""
    try:
        kind = Path(device).stat().st_mode
    except OSError as error:
        others = found_ports()
        seen = f"There are: {', '.join(others)}." if others else "There is no other serial port either."
        return Diagnosis(Finding.NO_DEVICE, f"There is no device {device} ({error.strerror}).", (seen,))
    if not stat.S_ISCHR(kind):
        return Diagnosis(Finding.NO_DEVICE, f"{device} is no device.", (f"To play a recording: replay:{device}",))
    if not may(device, os.R_OK | os.W_OK):
        return Diagnosis(
            Finding.NO_PERMISSION,
            f"{device} is there, but this user may not open it.",
            (f"sudo usermod -aG {_group(device)} $USER, then log out and in again.",),
        )
    if others := holders(device):
        return Diagnosis(
            Finding.IN_USE,
            f"{device} is already open in {', '.join(others)}.",
            ("Two readers each get half of the bytes: stop the other one, or let it pass them on (ser2net).",),
        )
    return None


def _group(device: str) -> str:
    try:
        return grp.getgrgid(Path(device).stat().st_gid).gr_name
    except (KeyError, OSError):
        return "dialout"
