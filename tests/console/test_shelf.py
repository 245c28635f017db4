"""Files that were made are kept, and made once."""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from meterkast_console.errors import ApiAwayError
from meterkast_console.files.errors import NotMadeError
from meterkast_console.files.leaf import Leaf, Question
from meterkast_console.files.shelf import Shelf

AT = datetime(2026, 11, 1, tzinfo=UTC)


def leaf(name: str = "a.csv", changed: datetime = AT) -> Leaf:
    return Leaf(path=f"home/{name}", gateway="home", question=Question("usage.csv"), changed=changed, zone="UTC")


@dataclass
class Maker:
    """Writes as many bytes as it is told, when it is told, and counts."""

    size: int = 10
    made: list[str] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    trouble: Exception | None = None

    async def __call__(self, leaf: Leaf, target: Path) -> None:
        self.made.append(leaf.path)
        write(target, b"half")
        await self.go.wait()
        if self.trouble is not None:
            raise self.trouble
        write(target, f"{len(self.made)}".encode().ljust(self.size, b"."))


def write(target: Path, data: bytes) -> None:
    target.write_bytes(data)


@asynccontextmanager
async def shelf(
    folder: Path, maker: Maker, *, most_bytes: int = 1000, now: Callable[[], float] = lambda: 1000.0
) -> AsyncIterator[Shelf]:
    made = Shelf(folder, maker, most_bytes=most_bytes, now=now)
    try:
        yield made
    finally:
        await made.close()


def lying(folder: Path, suffix: str) -> int:
    """How many files with such a name lie in a folder."""
    return sum(path.suffix == suffix for path in folder.iterdir())


async def bytes_of(one: Shelf, wanted: Leaf) -> bytes:
    with await one.open(wanted) as file:
        return file.read()


async def test_all_who_want_a_file_at_the_same_time_share_its_making(tmp_path: Path) -> None:
    """A hundred wait, one is made; who goes away takes nothing from the others."""
    maker = Maker()
    async with shelf(tmp_path, maker) as one:
        waiting = [asyncio.create_task(bytes_of(one, leaf())) for _ in range(100)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        maker.go.set()
        given = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(given[0], asyncio.CancelledError)
        assert set(given[1:]) == {b"1........."}
        assert await one.size(leaf()) == 10
    assert maker.made == ["home/a.csv"]


async def test_the_oldest_unused_makes_room_and_its_size_stays_known(tmp_path: Path) -> None:
    """Listing never makes a file a second time; reading one that had to go does."""
    clock, maker = iter(range(1000)), Maker(size=400)
    maker.go.set()
    async with shelf(tmp_path, maker, now=lambda: float(next(clock))) as one:
        for name in ("a", "b"):
            await one.size(leaf(name))
        await bytes_of(one, leaf("a"))
        await one.size(leaf("c"))
        assert [one.known_size(leaf(name)) for name in ("a", "b", "c")] == [400, 400, 400]
        assert lying(tmp_path, ".file") == 2
        await bytes_of(one, leaf("a"))
        assert maker.made == ["home/a", "home/b", "home/c"]
        await bytes_of(one, leaf("b"))
        assert maker.made[3:] == ["home/b"]


async def test_a_new_version_takes_the_place_of_the_old(tmp_path: Path) -> None:
    """Whoever is reading the old one reads it to its end."""
    maker = Maker()
    maker.go.set()
    async with shelf(tmp_path, maker) as one:
        with await one.open(leaf()) as old:
            assert await bytes_of(one, leaf(changed=AT + timedelta(minutes=1))) == b"2........."
            assert old.read() == b"1........."
        assert lying(tmp_path, ".file") == 1


async def test_what_was_made_is_there_after_a_restart(tmp_path: Path) -> None:
    """Bytes, sizes, and no half files of a process that was killed."""
    maker = Maker()
    maker.go.set()
    async with shelf(tmp_path, maker) as one:
        await one.size(leaf())
    (tmp_path / "x.half").write_bytes(b"1")
    (tmp_path / "stray.file").write_bytes(b"1")
    async with shelf(tmp_path, maker) as one:
        assert await bytes_of(one, leaf()) == b"1........."
    assert (lying(tmp_path, ".half"), lying(tmp_path, ".file")) == (0, 1)


async def test_a_broken_index_begins_anew(tmp_path: Path) -> None:
    """What is kept can always be made again."""
    (tmp_path / "index.json").write_bytes(b"[1, 2")
    maker = Maker()
    maker.go.set()
    async with shelf(tmp_path, maker) as one:
        assert await one.size(leaf()) == 10


async def test_half_an_answer_is_never_kept(tmp_path: Path) -> None:
    """The API breaks off: whoever waits is told, and the next one has it made again."""
    maker = Maker(trouble=ApiAwayError("http://here", "gone"))
    maker.go.set()
    async with shelf(tmp_path, maker) as one:
        with pytest.raises(ApiAwayError):
            await one.open(leaf())
        assert (lying(tmp_path, ".half"), lying(tmp_path, ".file")) == (0, 0)
        maker.trouble = None
        assert await bytes_of(one, leaf()) == b"2........."


async def test_a_file_is_looked_at_again_after_its_time(tmp_path: Path) -> None:
    """Readings may come late into a month that is over."""
    now, maker = [0.0], Maker()
    maker.go.set()
    async with shelf(tmp_path, maker, now=lambda: now[0]) as one:
        await one.size(leaf())
        now[0] = leaf().stands.total_seconds() + 1
        assert await bytes_of(one, leaf()) == b"2........."


async def test_a_full_disk_is_said(tmp_path: Path) -> None:
    """Which file, why, and where to look; once there is room it is made."""
    maker = Maker(trouble=OSError(errno.ENOSPC, "No space left on device"))
    maker.go.set()
    async with shelf(tmp_path, maker) as one:
        with pytest.raises(NotMadeError, match=r"/home/a.csv cannot be made \(No space left on device\).*data folder"):
            await one.size(leaf())
        maker.trouble = None
        assert await one.size(leaf()) == 10
