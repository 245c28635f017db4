"""The file system of a device as one file: littlefs2, as MicroPython mounts it on an ESP8266 with 1 MB."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from meterkast_contracts.topics import TopicError, check_gateway

from meterkast.errors import LauncherError
from meterkast.firmware.compiling import compiled
from meterkast.firmware.source import Source
from meterkast.firmware.tools import GET_THEM

OFFSET = 0x99000
"""Where the file system begins in flash: after the interpreter's 0x98000 and one block for native code."""
BLOCKS, BLOCK_BYTES = 98, 4096
"""To 0xFB000: the last 20 KB of the megabyte are the radio's."""
_GEOMETRY: dict[str, Any] = {
    "block_size": BLOCK_BYTES,
    "block_count": BLOCKS,
    "read_size": 32,
    "prog_size": 32,
    "cache_size": 128,
    "lookahead_size": 32,
}
"""What MicroPython's VfsLfs2 takes unless told otherwise; a larger cache would write files it cannot read."""
SLOT = "a"
_KNOWN = frozenset({"gateway", "language", "wifi", "static", "broker", "led", "thin", "prefix"})
_MORE = frozenset({"portal_after", "portal_password"})


def config(file: Path) -> bytes:
    """A device's settings from a JSON file, checked as far as this computer can; raises LauncherError."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise LauncherError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise LauncherError(f"{file} is no JSON: {error}") from error
    if complaint := _complaint(found):
        raise LauncherError(f"{file}: {complaint}", hint="firmware/README.md has an example")
    return json.dumps(found, separators=(",", ":")).encode()


def _complaint(found: Any) -> str | None:
    if not isinstance(found, dict):
        return "it is no JSON object"
    if more := found.keys() - _KNOWN - _MORE:
        return f"there is no setting {', '.join(sorted(more))}; there are {', '.join(sorted(_KNOWN))}"
    for name, member in (("wifi", "ssid"), ("broker", "host")):
        section = found.get(name)
        if not isinstance(section, dict) or not isinstance(section.get(member), str) or not section[member]:
            return f"{name}.{member} is missing"
    try:
        check_gateway(str(found.get("gateway", "")))
    except TopicError as error:
        return str(error)
    return None


def contents(
    source: Source, release: Mapping[str, bytes], key: bytes | None, settings: bytes | None
) -> Iterator[tuple[str, bytes]]:
    """Every file of a new device with its path; `release` are the files of its first slot."""
    for path, is_module in source.selector():
        yield (f"{path.stem}.mpy", compiled(path)) if is_module else (path.name, path.read_bytes())
    if key is not None:
        yield "key.der", key
    if settings is not None:
        yield "config.json", settings
    for name, data in sorted(release.items()):
        yield f"{SLOT}/{name}", data


def image(files: Mapping[str, bytes]) -> bytes:
    """The file system that holds these files and the empty slot b; raises LauncherError where they do not fit."""
    try:
        from littlefs import LittleFS, LittleFSError  # noqa: PLC0415 - of the optional extra
    except ImportError as error:
        raise LauncherError("littlefs-python is missing", hint=GET_THEM) from error
    system = LittleFS(**_GEOMETRY)
    for folder in ("a", "b"):
        system.mkdir(folder)
    try:
        for name, data in files.items():
            with system.open(str(PurePosixPath(name)), "wb") as file:
                file.write(data)
    except LittleFSError as error:
        raise LauncherError(f"the files do not fit into {BLOCKS} blocks of 4 KB: {error}") from error
    system.unmount()
    return bytes(system.context.buffer)
