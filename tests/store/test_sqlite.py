"""What is particular to the embedded database: its file, and everything that can be wrong with it."""

import asyncio
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from meterkast_store import Batch, StoreDamagedError, StoreSettings, StoreUnavailableError, open_store
from meterkast_store.book import Book
from meterkast_store.sqlite import SqliteRows
from meterkast_store.sqlite_schema import VERSION

from tests.store.houses import NOON, gas, sample, steady


def book_at(path: Path, *, busy_s: float = 0.05) -> Book:
    return Book(SqliteRows(path, busy_s=busy_s), retention=timedelta(days=90), tolerance=timedelta(seconds=60))


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """The system refuses to let any file grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_loses_nothing_that_was_written(tmp_path: Path) -> None:
    """When there is no room a write is one clear error; with room again the same batch is written."""
    samples = list(steady(NOON, NOON + timedelta(hours=20)))
    async with book_at(tmp_path / "history.sqlite") as store:
        await store.write(Batch(samples=samples[:100]))
        room = (tmp_path / "history.sqlite-wal").stat().st_size
        with no_room_beyond(room), pytest.raises(StoreUnavailableError, match=r"look at the disk|free some space"):
            await store.write(Batch(samples=samples))
        assert await store.samples("home", NOON, NOON + timedelta(days=1)) == samples[:100]
        await store.write(Batch(samples=samples))
        assert await store.samples("home", NOON, NOON + timedelta(days=1)) == samples


@pytest.mark.parametrize("path", ["/proc/meterkast/history.sqlite", "/dev/null/history.sqlite", "/proc"])
async def test_a_place_where_nothing_can_be_written_is_said(path: str) -> None:
    """A read-only folder, a file in place of a folder, a folder in place of a file: one sentence with the path."""
    with pytest.raises(StoreUnavailableError, match=f"cannot open {path}: .*: see that the folder exists"):
        await book_at(Path(path)).__aenter__()


async def test_a_locked_database_is_waited_for(tmp_path: Path) -> None:
    """While another program holds the database a write is an error that says so; afterwards it succeeds."""
    path = tmp_path / "history.sqlite"
    async with book_at(path) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailableError, match="another program holds the database locked"):
                await store.write(Batch(samples=[sample(NOON, 1)]))
        await store.write(Batch(samples=[sample(NOON, 1)]))
        assert await store.latest("home") == sample(NOON, 1)


async def test_a_damaged_file_is_not_touched(tmp_path: Path) -> None:
    """A file that is no database is refused with what to do, and stays as it is."""
    path = tmp_path / "history.sqlite"
    path.write_bytes(b"not a database, but somebody's file " * 1000)
    with pytest.raises(StoreDamagedError, match="file is not a database: stop the program, put a backup"):
        await book_at(path).__aenter__()
    assert path.read_bytes().startswith(b"not a database, but")


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [("CREATE TABLE theirs (x)", "another program"), (f"PRAGMA user_version = {VERSION + 1}", "knows up to")],
)
async def test_a_foreign_database_is_refused(tmp_path: Path, statement: str, sentence: str) -> None:
    """The database of another program, or of a newer version of this one, is left alone."""
    path = tmp_path / "theirs.sqlite"
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute(statement)
    before = path.read_bytes()
    with pytest.raises(StoreDamagedError, match=sentence):
        await book_at(path).__aenter__()
    assert path.read_bytes() == before


async def test_a_value_that_had_not_come_before_gets_its_column(tmp_path: Path) -> None:
    """Columns follow the values: a table has those that ever came, older rows lack the newer ones."""
    path = tmp_path / "history.sqlite"
    async with book_at(path) as store:
        await store.write(Batch(samples=[sample(NOON, 1)]))
        seen_before = await store.latest("home")
        await store.write(Batch(samples=[sample(NOON + timedelta(seconds=1), 2, power_import_w=5)]))
        assert seen_before == sample(NOON, 1)
        assert await store.samples("home", NOON, NOON + timedelta(seconds=1)) == [
            sample(NOON, 1),
            sample(NOON + timedelta(seconds=1), 2, power_import_w=5),
        ]
    with closing(sqlite3.connect(path)) as other:
        names = [row[1] for row in other.execute("PRAGMA table_info(sample)")]
    assert names == ["series", "at", "energy_import_t1_wh", "power_import_w"]


async def test_the_default_history_stands_in_the_data_folder(tmp_path: Path) -> None:
    """Without a url history is history.sqlite in the data folder, open to other programs."""
    folder = tmp_path / "data" / "meterkast"
    async with open_store(StoreSettings(), folder) as store:
        await store.write(Batch(samples=[sample(NOON, 41)], mbus=[gas(NOON, 7)]))
        with closing(sqlite3.connect(f"file:{folder / 'history.sqlite'}?mode=ro", uri=True)) as other:
            assert other.execute("SELECT energy_import_t1_wh FROM sample").fetchall() == [(41,)]
            assert other.execute("SELECT gas_l FROM mbus").fetchall() == [(7,)]


async def test_a_row_takes_few_bytes(tmp_path: Path) -> None:
    """A day of a one-phase meter at one reading a second takes less than 70 bytes a reading."""
    path = tmp_path / "history.sqlite"
    day = [
        sample(
            NOON + timedelta(seconds=second), 10**7 + second // 10,
            power_import_w=second % 5000, power_export_w=0, voltage_l1_v=230.1, current_l1_a=1.0, tariff=1,
        )
        for second in range(20_000)
    ]  # fmt: skip
    async with book_at(path) as store:
        await store.write(Batch(samples=day))
    assert path.stat().st_size / len(day) < 70


async def test_several_programs_open_a_new_history_at_once(tmp_path: Path) -> None:
    """History and API start together: whoever is first makes the file, nobody fails."""
    for number in range(5):
        books = [book_at(tmp_path / f"{number}.sqlite", busy_s=5) for _ in range(8)]
        await asyncio.gather(*(book.__aenter__() for book in books))
        for book in books:
            await book.__aexit__()
