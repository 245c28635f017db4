"""MicroPython for the device, as it was downloaded: whether it is the right file, and whole."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from meterkast.errors import LauncherError
from meterkast.firmware.image import OFFSET

WHERE = "https://micropython.org/download/ESP8266_GENERIC/, variant FLASH_1M: ESP8266_GENERIC-FLASH_1M-…-v1.28.0.bin"
LEAST = (1, 24)
_MAGIC = 0xE9
_BOARD = b"ESP module (1M)"
_VERSION = re.compile(rb"MicroPython v?(\d+)\.(\d+)(?:\.\d+)?|\bv(\d+)\.(\d+)\.\d+(?:-\w+)* on \d{4}-\d\d-\d\d")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A file that was looked at: its version as it says itself, its SHA-256, and whether that was compared."""

    file: Path
    version: str
    sha256: str
    compared: bool


def interpreter(file: Path, sha256: str | None) -> Interpreter:
    """Look at the file; raises LauncherError where it is not MicroPython for an ESP8266 with 1 MB of flash."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise LauncherError(f"{file} cannot be read: {error.strerror}", hint=f"download it: {WHERE}") from error
    found = hashlib.sha256(data).hexdigest()
    wanted = sha256.strip().lower() if sha256 else None
    if wanted is not None and not _SHA256.fullmatch(wanted):
        raise LauncherError("the SHA-256 is not 64 hexadecimal digits")
    if wanted not in (None, found):
        raise LauncherError(f"the SHA-256 of {file} is {found}, not {wanted}", hint="download it again")
    if complaint := _complaint(data):
        raise LauncherError(f"{file} {complaint}", hint=f"download it: {WHERE}")
    version = _version(data)
    if version is None or version < LEAST:
        said = "says no version" if version is None else f"is MicroPython {version[0]}.{version[1]}"
        raise LauncherError(f"{file} {said}; {LEAST[0]}.{LEAST[1]} is needed or newer", hint=f"download it: {WHERE}")
    return Interpreter(file, f"{version[0]}.{version[1]}", found, compared=wanted is not None)


def _complaint(data: bytes) -> str | None:
    if data[:1] != bytes([_MAGIC]):
        return "is no program for an ESP8266"
    if len(data) > OFFSET:
        return "is too large for 1 MB of flash: it would reach into the files"
    if _BOARD not in data:
        return "is not the variant for 1 MB of flash"
    return None


def _version(data: bytes) -> tuple[int, int] | None:
    found = _VERSION.search(data)
    if found is None:
        return None
    major, minor = (found[1], found[2]) if found[1] else (found[3], found[4])
    return int(major), int(minor)
