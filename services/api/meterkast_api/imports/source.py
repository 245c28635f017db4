"""A file as numbered lines, however it is packed."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

LONGEST_LINE = 1 << 16
MOST_BYTES = 16 << 30
GZIP = b"\x1f\x8b"
BOM = "\ufeff"


class SourceError(ValueError):
    """A file that cannot be unpacked or has no lines."""


class Source:
    """A file of text, gzipped or not, or a zip of them; its lines come one by one, so that its size does not matter."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def first(self, count: int) -> list[str]:
        """Return the first lines that are not empty; of a zip those of each file."""
        with ExitStack() as stack:
            return [
                text
                for stream in self._streams(stack)
                for text in islice((text for _, text in _lines(stream, 0) if text.strip()), count)
            ]

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield lines with their numbers, which go on through the files of a zip; raises SourceError."""
        number = 0
        with ExitStack() as stack:
            for stream in self._streams(stack):
                for found in _lines(stream, number):
                    number = found[0]
                    yield found

    def _streams(self, stack: ExitStack) -> Iterator[BinaryIO]:
        if not zipfile.is_zipfile(self._path):
            file = stack.enter_context(self._path.open("rb"))
            packed = file.read(len(GZIP)) == GZIP
            file.seek(0)
            yield cast("BinaryIO", stack.enter_context(gzip.GzipFile(fileobj=file))) if packed else file
            return
        try:
            archive = stack.enter_context(zipfile.ZipFile(self._path))
            if sum(info.file_size for info in archive.infolist()) > MOST_BYTES:
                raise SourceError("the zip unpacks to more than any history has")
            for info in archive.infolist():
                if not info.is_dir():
                    with archive.open(info) as member:
                        yield cast("BinaryIO", member)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise SourceError(f"the zip cannot be unpacked: {error}") from error


def _lines(stream: BinaryIO, number: int) -> Iterator[tuple[int, str]]:
    try:
        while raw := stream.readline(LONGEST_LINE):
            number += 1
            yield number, raw.decode("utf-8", "replace").removeprefix(BOM).rstrip("\r\n")
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
        raise SourceError(f"it cannot be unpacked beyond line {number}: {error}") from error
