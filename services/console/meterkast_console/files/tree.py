"""The tree of files, read-only, made from what the API says."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from meterkast_console.files.branch import leaves
from meterkast_console.files.directory import Directory
from meterkast_console.files.errors import FileInTheWayError, FolderError, NotReadyError, NotThereError
from meterkast_console.files.leaf import Leaf
from meterkast_console.files.reach import Reach
from meterkast_console.files.shelf import Shelf

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file or a folder; the size of a folder is None, and that of a file that nobody has asked for."""

    path: str
    changed: datetime
    is_folder: bool
    size: int | None = None

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


class Branch:
    """The files of one gateway and the folders in which they lie."""

    def __init__(self, found: Sequence[Leaf]) -> None:
        self.leaves: dict[str, Leaf] = {leaf.path: leaf for leaf in found}
        self.folders: dict[str, dict[str, datetime]] = {}
        for leaf in found:
            path = leaf.path
            while path:
                folder, _, _ = path.rpartition("/")
                inside = self.folders.setdefault(folder, {})
                inside[path] = max(leaf.changed, inside.get(path, leaf.changed))
                path = folder


@dataclass(frozen=True, slots=True)
class _Grown:
    """A branch, and what it was made from."""

    reach: Reach
    minute: datetime
    branch: Branch


class Tree:
    """What lies at each path; paths have no slash at either end, the root is the empty one."""

    def __init__(
        self,
        directory: Directory,
        shelf: Shelf,
        *,
        patience_s: float = PATIENCE_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._directory = directory
        self._shelf = shelf
        self._patience_s = patience_s
        self._now = now
        self._branches: dict[str, _Grown] = {}

    async def entry(self, path: str, *, sized: bool = True) -> Entry:
        """Return what lies at a path; raises FilesError or ApiError."""
        gateway = path.partition("/")[0]
        gateways = await self._directory.gateways()
        if path in gateways or not path:
            return Entry(path=path, changed=_newest(gateways, path), is_folder=True)
        branch = await self._branch(gateway, gateways)
        if (leaf := branch.leaves.get(path)) is not None:
            return (await self._entries([leaf], sized=sized))[0]
        if (inside := branch.folders.get(path)) is not None:
            return Entry(path=path, changed=max(inside.values()), is_folder=True)
        raise NotThereError(f"/{path}")

    async def entries(self, path: str, *, sized: bool = True) -> list[Entry]:
        """Return what lies in a folder, by name; raises FilesError or ApiError."""
        gateways = await self._directory.gateways()
        if not path:
            return [Entry(path=name, changed=at, is_folder=True) for name, at in sorted(gateways.items())]
        branch = await self._branch(path.partition("/")[0], gateways)
        if path in branch.leaves:
            raise FileInTheWayError(f"/{path}")
        inside = branch.folders.get(path)
        if inside is None and path not in gateways:
            raise NotThereError(f"/{path}")
        found = sorted((inside or {}).items())
        folders = [Entry(path=one, changed=at, is_folder=True) for one, at in found if one not in branch.leaves]
        files = await self._entries([branch.leaves[one] for one, _ in found if one in branch.leaves], sized=sized)
        return sorted((*folders, *files), key=lambda entry: entry.path)

    async def open(self, path: str) -> tuple[Entry, BinaryIO]:
        """Open the file at a path; raises FilesError or ApiError."""
        gateways = await self._directory.gateways()
        branch = await self._branch(path.partition("/")[0], gateways)
        leaf = branch.leaves.get(path)
        if leaf is None:
            raise FolderError(f"/{path}") if path in gateways or path in branch.folders else NotThereError(f"/{path}")
        return await self.open_leaf(leaf)

    async def open_leaf(self, leaf: Leaf) -> tuple[Entry, BinaryIO]:
        """Open a file; raises NotReadyError or ApiError."""
        try:
            async with asyncio.timeout(self._patience_s):
                file = await self._shelf.open(leaf)
        except TimeoutError as error:
            raise NotReadyError(0, 1) from error
        size = file.seek(0, 2)
        file.seek(0)
        return Entry(path=leaf.path, changed=leaf.changed, is_folder=False, size=size), file

    async def leaves(self) -> list[Leaf]:
        """Return every file of every gateway; raises ApiError."""
        gateways = await self._directory.gateways()
        return [leaf for name in sorted(gateways) for leaf in (await self._branch(name, gateways)).leaves.values()]

    async def close(self) -> None:
        """Stop making files."""
        await self._shelf.close()

    async def _entries(self, wanted: Sequence[Leaf], *, sized: bool) -> list[Entry]:
        sizes: Sequence[int | None] = await self._sizes(wanted) if sized else [None] * len(wanted)
        return [
            Entry(path=leaf.path, changed=leaf.changed, is_folder=False, size=size)
            for leaf, size in zip(wanted, sizes, strict=True)
        ]

    async def _sizes(self, wanted: Sequence[Leaf]) -> Sequence[int]:
        """Have files made, newest first; raise NotReadyError, while they go on being made, where that takes long."""
        known = {leaf.path: size for leaf in wanted if (size := self._shelf.known_size(leaf)) is not None}
        tasks = {
            asyncio.create_task(self._shelf.size(leaf)): leaf.path
            for leaf in reversed(wanted)
            if leaf.path not in known
        }
        if tasks:
            done, waiting = await asyncio.wait(tasks, timeout=self._patience_s, return_when=asyncio.FIRST_EXCEPTION)
            for task in waiting:
                task.cancel()  # the shelf goes on making it
            await asyncio.gather(*waiting, return_exceptions=True)
            known |= {tasks[task]: task.result() for task in done}
        if len(known) < len(wanted):
            raise NotReadyError(len(known), len(wanted))
        return [known[leaf.path] for leaf in wanted]

    async def _branch(self, gateway: str, gateways: Mapping[str, datetime]) -> Branch:
        if gateway not in gateways:
            return Branch(())
        reach, now = await self._directory.reach(gateway), self._now()
        minute = now.replace(second=0, microsecond=0)
        grown = self._branches.get(gateway)
        if grown is None or (grown.reach, grown.minute) != (reach, minute):
            grown = self._branches[gateway] = _Grown(reach, minute, Branch(list(leaves(reach, now))))
        return grown.branch


def _newest(gateways: Mapping[str, datetime], path: str) -> datetime:
    return gateways[path] if path else max(gateways.values(), default=datetime.fromtimestamp(0, UTC))
