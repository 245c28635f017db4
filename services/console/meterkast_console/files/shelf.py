"""Files that were made, kept on disk until others need the room; how large they are is remembered for longer."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from meterkast_console.files.errors import NotMadeError
from meterkast_console.files.index import Index, Made
from meterkast_console.files.leaf import Leaf

MAKERS = 2
SAVE_AFTER_S = 5.0
Make = Callable[[Leaf, Path], Awaitable[None]]


class Shelf:
    """Makes each version of a file once, for all who want it at the same time."""

    def __init__(self, folder: Path, make: Make, *, most_bytes: int, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._make = make
        self._most_bytes = most_bytes
        self._now = now
        self._index: Index | None = None
        self._saving: asyncio.TimerHandle | None = None
        self._making: dict[tuple[str, str], asyncio.Task[int]] = {}
        self._makers = asyncio.Semaphore(MAKERS)

    async def size(self, leaf: Leaf) -> int:
        """Return how large a file is; raises ApiError where it must be made and cannot be."""
        kept = self.kept(leaf)
        return kept.size if kept is not None else await self._made(leaf)

    def known_size(self, leaf: Leaf) -> int | None:
        """Return how large a file is, None where it has not been made yet."""
        kept = self.kept(leaf)
        return None if kept is None else kept.size

    async def open(self, leaf: Leaf) -> BinaryIO:
        """Open a file; raises ApiError where it must be made and cannot be."""
        while True:
            kept = self.kept(leaf)
            if kept is not None and kept.here:
                with contextlib.suppress(FileNotFoundError):
                    return self._opened(leaf, kept)
            await self._made(leaf)

    def kept(self, leaf: Leaf) -> Made | None:
        """Return what is known of this version, None where it has to be made, also since it stands no longer."""
        made = self._known().get(leaf.path)
        if made is None or made.version != leaf.version or self._now() - made.made_at > leaf.stands.total_seconds():
            return None
        return made

    async def close(self) -> None:
        """Stop making, and remember what there is."""
        tasks = list(self._making.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._saving is not None:
            self._saving.cancel()
            self._save()

    def _opened(self, leaf: Leaf, made: Made) -> BinaryIO:
        made.used_at = self._now()
        return self._place(leaf.path, leaf.version).open("rb")

    async def _made(self, leaf: Leaf) -> int:
        key = leaf.path, leaf.version
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.create_task(self._fill(leaf))
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    def _forget(self, key: tuple[str, str], task: asyncio.Task[int]) -> None:
        del self._making[key]
        if not task.cancelled():
            task.exception()  # whoever waited has it; nobody may have waited until the end

    async def _fill(self, leaf: Leaf) -> int:
        async with self._makers:
            try:
                self._known()
                size = await self._put(leaf)
            except OSError as error:
                raise NotMadeError(f"/{leaf.path}", error.strerror or str(error)) from error
        self._note(leaf, size)
        self._make_room(leaf)
        if self._saving is None:
            self._saving = asyncio.get_running_loop().call_later(SAVE_AFTER_S, self._save)
        return size

    async def _put(self, leaf: Leaf) -> int:
        place = self._place(leaf.path, leaf.version)
        half = place.with_suffix(".half")
        try:
            await self._make(leaf, half)
            size = half.stat().st_size
            half.replace(place)
        finally:
            half.unlink(missing_ok=True)
        return size

    def _note(self, leaf: Leaf, size: int) -> None:
        index, now = self._known(), self._now()
        before = index.get(leaf.path)
        if before is not None and before.version != leaf.version:
            self._drop(leaf.path, before)
        index.put(leaf.path, Made(leaf.version, size, now, now))

    def _make_room(self, newest: Leaf) -> None:
        here = self._known().here()
        taken = sum(made.size for _, made in here)
        for path, made in here:
            if taken <= self._most_bytes:
                return
            if path != newest.path:
                self._drop(path, made)
                taken -= made.size

    def _drop(self, path: str, made: Made) -> None:
        made.here = False
        with contextlib.suppress(OSError):  # where an open file cannot be removed, it goes at the next start
            self._place(path, made.version).unlink(missing_ok=True)

    def _place(self, path: str, version: str) -> Path:
        name = blake2b(f"{path}\0{version}".encode(), digest_size=16).hexdigest()
        return self._folder / f"{name}.file"

    def _known(self) -> Index:
        """The index; when it is read, what is not in it goes."""
        if self._index is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._index = Index(self._folder)
            self._index.load()
            places = {self._place(path, made.version): made for path, made in self._index.here()}
            found = set(self._folder.glob("*.file"))
            for stray in (found - places.keys()) | set(self._folder.glob("*.half")):
                stray.unlink(missing_ok=True)
            for place in places.keys() - found:
                places[place].here = False
        return self._index

    def _save(self) -> None:
        self._saving = None
        with contextlib.suppress(OSError):  # on a full disk all is made again after a restart
            self._known().save()
