"""The file of a backup: a plain tar whose first member says what it is and whose last one proves the rest.

meterkast-backup.json             {"format": 1, "program": "0.1.0", "made_at": "2026-11-26T04:00:00Z"}
history/quarter/000001.jsonl.gz   pages of rows (see `pages`)
api.sqlite, ssh_host_key, meterkast.toml, deployment/…
manifest.json                     {"members": [{"name", "size", "sha256", "rows"}, …]}
"""

import hashlib
import json
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, BinaryIO

from meterkast.backup import pages
from meterkast.backup.errors import BackupDamagedError

HEAD = "meterkast-backup.json"
MANIFEST = "manifest.json"
FORMAT = 1
_BLOCK = tarfile.BLOCKSIZE
_LARGEST = 1 << 30
Say = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Member:
    """One file in the backup, as the manifest has it; `rows` where it is a page of history."""

    name: str
    size: int
    sha256: str
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One file in the backup, and where its bytes lie."""

    member: Member
    offset: int
    mode: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What a whole backup holds."""

    program: str
    made_at: datetime
    found: dict[str, Found] = field(default_factory=dict)

    def under(self, folder: str) -> list[Found]:
        """The members in a folder, in order."""
        return [found for name, found in self.found.items() if name.startswith(folder)]

    def rows(self, folder: str) -> int:
        """How many rows the members in a folder have."""
        return sum(found.member.rows or 0 for found in self.under(folder))


class Writer:
    """Writes members one after the other; needs no way back, so that it may be a pipe."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._now = int(time.time())
        self._members: list[Member] = []
        self.size = 0

    def begin(self) -> None:
        """Write what says what it is."""
        made_at = datetime.fromtimestamp(self._now, UTC).isoformat().replace("+00:00", "Z")
        self.add(HEAD, _json({"format": FORMAT, "program": metadata.version("meterkast"), "made_at": made_at}))

    def add(self, name: str, data: bytes, *, mode: int = 0o600, rows: int | None = None) -> None:
        """Write a member."""
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = len(data), self._now, mode
        self._write(info.tobuf(tarfile.PAX_FORMAT))
        self._write(data)
        self._write(bytes(-len(data) % _BLOCK))
        self._members.append(Member(name, len(data), hashlib.sha256(data).hexdigest(), rows))

    def finish(self) -> None:
        """Write what proves the rest, and the end."""
        self.add(MANIFEST, _json({"members": [asdict(member) for member in self._members]}))
        self._write(bytes(2 * _BLOCK))

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self.size += len(data)


def contents(file: BinaryIO, say: Say) -> Contents:
    """Read the whole file and check it against its manifest; raises BackupDamagedError."""
    file.seek(0)
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            found = list(_found(tar, file, say))
    except (tarfile.TarError, EOFError, OSError) as error:
        raise _foreign() if file.tell() <= _BLOCK else _damaged(f"it cannot be read to its end ({error})") from error
    if not found:
        raise _foreign()
    if found[-1].member.name != MANIFEST:
        raise _damaged("its end is missing")
    *kept, manifest = found
    _compare([one.member for one in kept], _members(read(file, manifest)))
    said = _head(read(file, kept[0]))
    made_at = datetime.fromisoformat(said["made_at"])
    return Contents(said["program"], made_at, {one.member.name: one for one in kept[1:]})


def read(file: BinaryIO, found: Found) -> bytes:
    """Return a member's bytes."""
    file.seek(found.offset)
    return file.read(found.member.size)


def _found(tar: tarfile.TarFile, file: BinaryIO, say: Say) -> Iterator[Found]:
    """Yield each member and what its bytes are; the first one decides whether we read on."""
    names: set[str] = set()
    rows = 0
    for info in tar:
        if not names and info.name != HEAD:
            raise _foreign()
        if not info.isreg() or info.name in names or info.size > _LARGEST:
            raise _damaged(f"{info.name} does not belong in it")
        names.add(info.name)
        file.seek(info.offset_data)
        data = file.read(info.size)
        if len(data) < info.size:
            raise _damaged("its end is missing")
        if info.name == HEAD:
            _head(data)
        count = len(pages.unpacked(info.name, data).rows) if info.name.startswith(pages.FOLDER) else None
        rows += count or 0
        say("reading back, row", rows)
        member = Member(info.name, info.size, hashlib.sha256(data).hexdigest(), count)
        yield Found(member, info.offset_data, info.mode)


def _head(data: bytes) -> dict[str, Any]:
    said = _json_object(data)
    if not isinstance(said.get("format"), int) or not all(isinstance(said.get(n), str) for n in ("program", "made_at")):
        raise _foreign()
    if said["format"] > FORMAT:
        raise BackupDamagedError(
            f"the backup is of format {said['format']}, made by meterkast {said['program']}; "
            f"this program knows up to {FORMAT}",
            hint="update Meterkast, then restore",
        )
    return said


def _members(data: bytes) -> list[Member]:
    try:
        return [Member(**member) for member in _json_object(data)["members"]]
    except (LookupError, TypeError) as error:
        raise _damaged("its manifest cannot be read") from error


def _compare(found: list[Member], said: list[Member]) -> None:
    if found == said:
        return
    for one, other in zip(found, said, strict=False):
        if one != other:
            raise _damaged(f"{one.name} is not what was written")
    raise _damaged(f"it has {len(found)} members of {len(said)}")


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode() + b"\n"


def _json_object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise _damaged("its manifest cannot be read") from error
    return value if isinstance(value, dict) else {}


def _foreign() -> BackupDamagedError:
    return BackupDamagedError("this is no backup of Meterkast", hint="give a file that `meterkast backup` has written")


def _damaged(reason: str) -> BackupDamagedError:
    return BackupDamagedError(f"the backup is damaged: {reason}", hint="nothing was changed; take another backup")
