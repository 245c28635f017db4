"""One round of sending: what has changed since the last."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from meterkast_console.files.leaf import Leaf
from meterkast_console.files.tree import Tree
from meterkast_console.push.destination import Destination
from meterkast_console.push.sent import Sent


@dataclass(slots=True)
class Round:
    """What was sent."""

    files: int = 0
    bytes: int = 0
    unchanged: int = 0

    def __str__(self) -> str:
        return f"{self.files} files sent, {self.bytes} bytes; {self.unchanged} had not changed"


class Pusher:
    """Sends what has changed, one file after the other."""

    def __init__(
        self,
        tree: Tree,
        connect: Callable[[], Destination],
        sent: Sent,
        *,
        include: Sequence[str],
        exclude: Sequence[str],
    ) -> None:
        self._tree = tree
        self._connect = connect
        self._sent = sent
        self._include = include
        self._exclude = exclude

    async def push(self) -> Round:
        """Send what has changed; raises PushError, FilesError or ApiError, and what was sent until then stays sent."""
        wanted = [leaf for leaf in await self._tree.leaves() if self._is_wanted(leaf.path)]
        changed = [leaf for leaf in wanted if not self._sent.has(leaf.path, leaf.version)]
        done = Round(unchanged=len(wanted) - len(changed))
        if changed:
            try:
                async with self._connect() as destination:
                    for leaf in changed:
                        done.bytes += await self._send(leaf, destination)
                        done.files += 1
            finally:
                await asyncio.to_thread(self._sent.save)
        return done

    async def _send(self, leaf: Leaf, destination: Destination) -> int:
        entry, file = await self._tree.open_leaf(leaf)
        size = entry.size or 0
        try:
            resumed = self._sent.began(leaf.path, leaf.version, size)
            there = await destination.half(leaf.path) if resumed else 0
            offset = there if there <= size else 0
            await destination.send(leaf.path, file, offset)
            await destination.finish(leaf.path, size, leaf.changed)
        finally:
            file.close()
        self._sent.finished(leaf.path, leaf.version)
        return size - offset

    def _is_wanted(self, path: str) -> bool:
        return any(fnmatchcase(path, one) for one in self._include) and not any(
            fnmatchcase(path, one) for one in self._exclude
        )
