"""A folder of this computer as destination, e.g. a mounted share."""

import asyncio
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Self

from meterkast_console.push.destination import HALF, Address
from meterkast_console.push.errors import PushError


class FolderDestination:
    """Writes files into a folder that is there."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._folder = Path(address.folder)

    async def __aenter__(self) -> Self:
        """See that the folder is there: a share that is not mounted must not fill the disk beneath it."""
        if not self._folder.is_dir():
            raise PushError(str(self._address), "there is no such folder", hint="make it, or mount what belongs there")
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Nothing is held."""

    async def half(self, path: str) -> int:
        """How much of a file was written before."""
        try:
            return self._half(path).stat().st_size
        except OSError:
            return 0

    async def send(self, path: str, file: BinaryIO, offset: int) -> None:
        """Write a file from an offset on."""
        await self._tried(self._write, path, file, offset)

    async def finish(self, path: str, size: int, changed: datetime) -> None:
        """Give a file its name."""
        await self._tried(self._rename, path, size, changed)

    def _write(self, path: str, file: BinaryIO, offset: int) -> None:
        half = self._half(path)
        half.parent.mkdir(parents=True, exist_ok=True)
        file.seek(offset)
        with half.open("r+b" if offset else "wb") as written:
            written.truncate(offset)
            written.seek(offset)
            shutil.copyfileobj(file, written, 1 << 18)
            written.flush()
            os.fsync(written.fileno())

    def _rename(self, path: str, size: int, changed: datetime) -> None:
        half = self._half(path)
        if (found := half.stat().st_size) != size:
            raise PushError(str(self._address), f"of {path} {found} of {size} bytes are there", hint="it is sent again")
        os.utime(half, (changed.timestamp(), changed.timestamp()))
        half.replace(self._folder / path)

    def _half(self, path: str) -> Path:
        return self._folder / f"{path}{HALF}"

    async def _tried(self, work: Callable[..., None], *given: object) -> None:
        try:
            await asyncio.to_thread(work, *given)
        except OSError as error:
            reason = f"{error.strerror or error} ({error.filename or self._folder})"
            raise PushError(
                str(self._address), reason, hint="see who may write there and how much room is left"
            ) from error
