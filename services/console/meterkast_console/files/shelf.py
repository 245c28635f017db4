"""Files that were made, kept on disk until others need the room; how large they are is remembered for longer."""

import asyncio
import contextlib
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from meterkast_console.files.leaf import Leaf

INDEX = "index.sqlite"
MAKERS = 2
SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (
    path TEXT PRIMARY KEY, version TEXT NOT NULL, size INTEGER NOT NULL,
    made_at REAL NOT NULL, used_at REAL NOT NULL, here INTEGER NOT NULL
) WITHOUT ROWID
"""
Make = Callable[[Leaf, Path], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kept:
    """A version of a file: its size, and whether its bytes are still on the shelf."""

    size: int
    here: bool


class Shelf:
    """Makes each version of a file once, for all who want it at the same time."""

    def __init__(self, folder: Path, make: Make, *, most_bytes: int, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._make = make
        self._most_bytes = most_bytes
        self._now = now
        self._index: sqlite3.Connection | None = None
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
                    return self._opened(leaf)
            await self._made(leaf)

    def kept(self, leaf: Leaf) -> Kept | None:
        """Return what is known of this version, None where it has to be made, also since it stands no longer."""
        row = (
            self._opened_index()
            .execute("SELECT version, size, made_at, here FROM kept WHERE path = ?", (leaf.path,))
            .fetchone()
        )
        if row is None or row[0] != leaf.version or self._now() - row[2] > leaf.stands.total_seconds():
            return None
        return Kept(row[1], bool(row[3]))

    async def close(self) -> None:
        """Stop making, and remember what there is."""
        tasks = list(self._making.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._index is not None:
            self._index.close()
            self._index = None

    def _opened(self, leaf: Leaf) -> BinaryIO:
        self._opened_index().execute("UPDATE kept SET used_at = ? WHERE path = ?", (self._now(), leaf.path))
        return self._place(leaf).open("rb")

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
            place = self._place(leaf)
            self._opened_index()
            half = place.with_suffix(".half")
            try:
                await self._make(leaf, half)
                size = half.stat().st_size
                half.replace(place)
            finally:
                half.unlink(missing_ok=True)
        self._note(leaf, size)
        self._make_room(leaf)
        return size

    def _note(self, leaf: Leaf, size: int) -> None:
        index, now = self._opened_index(), self._now()
        before = index.execute("SELECT version FROM kept WHERE path = ?", (leaf.path,)).fetchone()
        if before is not None and before[0] != leaf.version:
            self._drop(leaf.path, before[0])
        index.execute(
            "INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?, 1)", (leaf.path, leaf.version, size, now, now)
        )

    def _make_room(self, newest: Leaf) -> None:
        index = self._opened_index()
        (taken,) = index.execute("SELECT coalesce(sum(size), 0) FROM kept WHERE here").fetchone()
        if taken <= self._most_bytes:
            return
        for path, version, size in index.execute(
            "SELECT path, version, size FROM kept WHERE here AND path != ? ORDER BY used_at", (newest.path,)
        ).fetchall():
            self._drop(path, version)
            index.execute("UPDATE kept SET here = 0 WHERE path = ?", (path,))
            taken -= size
            if taken <= self._most_bytes:
                return

    def _drop(self, path: str, version: str) -> None:
        with contextlib.suppress(OSError):  # where an open file cannot be removed, it goes the next time
            (self._folder / _name(path, version)).unlink(missing_ok=True)

    def _place(self, leaf: Leaf) -> Path:
        return self._folder / _name(leaf.path, leaf.version)

    def _opened_index(self) -> sqlite3.Connection:
        if self._index is None:
            self._index = _index(self._folder)
        return self._index


def _name(path: str, version: str) -> str:
    return blake2b(f"{path}\0{version}".encode(), digest_size=16).hexdigest() + ".file"


def _index(folder: Path) -> sqlite3.Connection:
    """Open the index; one that cannot be read goes, and all that was kept with it."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        index = _connected(folder)
    except sqlite3.DatabaseError:
        shutil.rmtree(folder)
        folder.mkdir(parents=True)
        index = _connected(folder)
    known = {_name(*row) for row in index.execute("SELECT path, version FROM kept WHERE here")}
    found = {file.name for file in folder.glob("*.file")}
    for name in found - known:
        (folder / name).unlink(missing_ok=True)
    for path, version in index.execute("SELECT path, version FROM kept WHERE here").fetchall():
        if _name(path, version) not in found:
            index.execute("UPDATE kept SET here = 0 WHERE path = ?", (path,))
    for half in folder.glob("*.half"):
        half.unlink(missing_ok=True)
    return index


def _connected(folder: Path) -> sqlite3.Connection:
    index = sqlite3.connect(folder / INDEX, isolation_level=None)
    index.execute("PRAGMA synchronous = OFF")
    index.execute("PRAGMA journal_mode = MEMORY")
    index.execute(SCHEMA)
    return index
