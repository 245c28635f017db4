"""One file of the spool: telegrams one behind the other, each with its length, time and checksum."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

_HEAD = struct.Struct("<IQI")
"""Length of the telegram, receive time in Unix milliseconds, CRC-32 of both and of the telegram."""
_LONGEST = 1 << 20
SUFFIX = ".telegrams"


@dataclass(frozen=True, slots=True)
class Entry:
    """A telegram in the spool under its number."""

    number: int
    received_ms: int
    data: bytes


class Segment:
    """An append-only file whose name is the number of its first telegram."""

    def __init__(self, folder: Path, first: int) -> None:
        self.path = folder / f"{first:016d}{SUFFIX}"
        self.first = first
        self.count = 0
        self.size = 0
        self.newest_ms = 0
        self._fd: int | None = None

    @classmethod
    def load(cls, path: Path) -> "Segment":
        """Take an existing file; a damaged tail is cut off."""
        segment = cls(path.parent, int(path.stem))
        for entry in segment.entries():
            segment.count += 1
            segment.size += _HEAD.size + len(entry.data)
            segment.newest_ms = max(segment.newest_ms, entry.received_ms)
        if path.stat().st_size > segment.size:
            os.truncate(path, segment.size)
        return segment

    @property
    def end(self) -> int:
        """The number behind its last telegram."""
        return self.first + self.count

    def append(self, entry: Entry) -> None:
        """Write one telegram at the end; after an OSError nothing of it is there."""
        if self._fd is None:
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        times = _HEAD.pack(len(entry.data), entry.received_ms, 0)[:-4]
        record = times + crc32(entry.data, crc32(times)).to_bytes(4, "little") + entry.data
        if os.write(self._fd, record) != len(record):
            os.ftruncate(self._fd, self.size)
            raise OSError(28, "No space left on device")
        self.count += 1
        self.size += len(record)
        self.newest_ms = max(self.newest_ms, entry.received_ms)

    def sync(self) -> None:
        """Have the system write it to the medium; safe to call from another thread."""
        fd = self._fd
        if fd is not None:
            copy = os.dup(fd)
            try:
                os.fsync(copy)
            finally:
                os.close(copy)

    def close(self) -> None:
        """Close the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def remove(self) -> None:
        """Delete the file."""
        self.close()
        self.path.unlink(missing_ok=True)

    def entries(self) -> Iterator[Entry]:
        """The telegrams in order, up to the first that is damaged or incomplete."""
        with self.path.open("rb") as file:
            number = self.first
            while entry := _next(file, number):
                yield entry
                number += 1


def _next(file: BinaryIO, number: int) -> Entry | None:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, received_ms, checksum = _HEAD.unpack(head)
    if length > _LONGEST:
        return None
    data = file.read(length)
    if len(data) < length or crc32(data, crc32(head[:-4])) != checksum:
        return None
    return Entry(number, received_ms, data)
