"""Files of an older Meterkast are taken over; those of a newer one are left as they are, with what to do."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from meterkast_api.database import FILE as ACCOUNTS
from meterkast_api.database import VERSION, Database
from meterkast_reader.segment import SUFFIX
from meterkast_reader.spool import Spool
from meterkast_runtime.errors import StartError
from meterkast_store import StoreDamagedError, StoreSettings, open_store

from tests.launcher.house import batch, rows_of, settings_of, told, written

FIRST_VERSION = """
CREATE TABLE series (
    id INTEGER PRIMARY KEY, kind_of_row TEXT NOT NULL, gateway TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    UNIQUE (kind_of_row, gateway, name, kind)
) STRICT;
CREATE TABLE sample (series INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (series, at)) STRICT, WITHOUT ROWID;
CREATE TABLE quarter (
    series INTEGER NOT NULL, at INTEGER NOT NULL, reset INTEGER, PRIMARY KEY (series, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX quarter_reset ON quarter (series, at) WHERE reset = 1;
CREATE TABLE mbus (
    series INTEGER NOT NULL, at INTEGER NOT NULL, reset INTEGER, PRIMARY KEY (series, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX mbus_reset ON mbus (series, at) WHERE reset = 1;
CREATE TABLE event (series INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (series, at)) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1296773169;
PRAGMA user_version = 1;
"""
"""The first history.sqlite, as its program made it: without blocks."""


def first_history(path: Path, like: Path) -> None:
    """Make a history of the first version with the rows of another one."""
    with closing(sqlite3.connect(path)) as old:
        old.executescript(FIRST_VERSION)
        old.execute("ATTACH ? AS new", (str(like),))
        for table in ("series", "sample", "quarter", "mbus", "event"):
            columns = old.execute(f"SELECT name, type FROM pragma_table_info('{table}', 'new')").fetchall()
            known = {name for _, name, *_ in old.execute(f"PRAGMA main.table_info({table})")}
            for name, kind in columns:
                if name not in known:
                    old.execute(f'ALTER TABLE main.{table} ADD COLUMN "{name}" {kind}')
            names = ", ".join(f'"{name}"' for name, _ in columns)
            old.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM new.{table}")
        old.commit()


async def test_the_first_history_opens_in_this_program(tmp_path: Path) -> None:
    """It tells the same, to the last watt-hour and in every curve, and history goes on in it."""
    new, old = settings_of(tmp_path / "new"), settings_of(tmp_path / "old")
    await written(new, batch(0, 4000))
    old.data_dir.mkdir()
    first_history(old.data_dir / "history.sqlite", new.data_dir / "history.sqlite")
    assert await told(old) == await told(new)
    for settings in (new, old):
        await written(settings, batch(4000, 4320))
    assert await told(old) == await told(new)
    assert await rows_of(old) == await rows_of(new)


async def test_a_newer_history_is_refused_untouched(tmp_path: Path) -> None:
    """An older program after a newer one: the sentence says to take the backup made before the upgrade."""
    path = tmp_path / "history.sqlite"
    with closing(sqlite3.connect(path)) as newer:
        newer.executescript(FIRST_VERSION.replace("user_version = 1", "user_version = 99"))
    before = path.read_bytes()
    with pytest.raises(StoreDamagedError, match=r"version 99.*restore the backup made before the upgrade"):
        await open_store(StoreSettings(), tmp_path).__aenter__()
    assert path.read_bytes() == before


async def test_what_people_have_set_has_a_version_too(tmp_path: Path) -> None:
    """A file without one is taken over and gets it; one of a newer program is refused, and stays as it is."""
    path = tmp_path / ACCOUNTS
    with closing(sqlite3.connect(path)) as old:
        old.execute("CREATE TABLE document (name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID")
        old.execute("INSERT INTO document VALUES ('contracts', x'5b5d')")
        old.commit()
    async with Database(path) as database:
        assert await database.document("contracts") == b"[]"
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (VERSION,)
        file.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(StartError, match=r"version 99, this program knows up to.*restore the backup"):
        await Database(path).__aenter__()
    assert path.read_bytes() == before


def test_a_spool_of_another_kind_is_left_for_the_program_that_knows_it(tmp_path: Path) -> None:
    """A newer program's telegrams would have files of another suffix: they are neither sent, nor cut, nor removed."""
    newer = tmp_path / f"0000000000000000{SUFFIX}2"
    newer.write_bytes(b"something else")
    said: list[str | None] = []
    spool = Spool(tmp_path, limit_bytes=1 << 20, window_ms=0, report=said.append)
    spool.open()
    assert spool.pending == 0
    spool.append(b"/TST\r\n!\r\n", 1)
    spool.close()
    assert newer.read_bytes() == b"something else"
