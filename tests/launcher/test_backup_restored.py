"""`meterkast restore`: the same history and accounts, in whichever database, and never a half of it unnoticed."""

import asyncio
import io
import json
import shutil
import signal
import sqlite3
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import typer
from meterkast.backup import accounts
from meterkast.backup.command import restore
from meterkast.backup.container import HEAD, Writer, contents
from meterkast.backup.restoring import RestoreOptions, Restoring
from meterkast.backup.settings import BackupSettings
from meterkast.errors import LauncherError
from meterkast.folder import data_folder
from meterkast.keys import keys
from meterkast_api.access import credentials
from meterkast_api.access.scopes import Scope
from meterkast_api.database import FILE as ACCOUNTS
from meterkast_store import Batch, Sample, StoreUnavailableError, open_store
from meterkast_store.rows import Table

from tests.databases import DatabaseMissingError, influxdb_1
from tests.launcher.command import command, environment, meterkast
from tests.launcher.house import START, backed_up, batch, reading, rows_of, settings_of, told, written


def silent(what: str, count: int) -> None:
    del what, count


async def restored(file: Path, settings: BackupSettings, **options: bool | Path) -> int:
    with file.open("rb") as source:
        return await Restoring(source, contents(source, silent), RestoreOptions(**options), settings).run()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a data folder with history and accounts."""
    folder = tmp_path_factory.mktemp("house")
    asyncio.run(written(settings_of(folder), batch()))
    asyncio.run(_set(folder, "a hash"))
    return folder


async def _set(folder: Path, hash_: str) -> None:
    async with keys(folder) as (database, _):
        await database.run(lambda c: credentials.set_password(c, credentials.Origin.CHOSEN, hash_))
        await database.run(lambda c: credentials.add_token(c, hash_, {Scope.READ}, 1.0))


@pytest.fixture(scope="module")
def file(house: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a backup of the house."""
    return asyncio.run(backed_up(settings_of(house), tmp_path_factory.mktemp("backup") / "x.tar"))


@pytest.fixture(scope="module")
def influxdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the url of an InfluxDB 1 without databases."""
    try:
        with influxdb_1(tmp_path_factory.mktemp("influx") / "1") as server:
            yield f"influxdb://127.0.0.1:{server.port}"
    except DatabaseMissingError as missing:
        pytest.skip(str(missing))


async def test_what_comes_back_is_what_was_there(house: Path, file: Path, tmp_path: Path) -> None:
    """Rows, usage, standings, events, readings, curves and accounts are the same, and history goes on from there."""
    shutil.copytree(house, tmp_path / "there")
    there, here = settings_of(tmp_path / "there"), settings_of(tmp_path / "data")
    assert await restored(file, here) == 4577
    assert await rows_of(here) == await rows_of(there)
    assert await told(here) == await told(there)
    image = accounts.saved(house / ACCOUNTS)
    assert image is not None
    assert accounts.same(tmp_path / "data" / ACCOUNTS, image)
    more = Batch(samples=[reading(4320, "E2", 3000)])
    await written(there, more)
    await written(here, more)
    assert await told(here) == await told(there)


async def test_a_history_moves_to_influxdb_and_back(house: Path, file: Path, influxdb: str, tmp_path: Path) -> None:
    """SQLite to InfluxDB to SQLite: every row is the same in each of them, and so is what they tell."""
    there, between = settings_of(house), settings_of(tmp_path / "a", f"{influxdb}/moved")
    wanted, said = await rows_of(settings_of(house)), await told(there)
    await restored(file, between)
    assert {key: dict(fields) for key, fields in (await rows_of(between)).items()} == wanted
    assert (await told(between))[:4] == said[:4]
    back = settings_of(tmp_path / "b")
    await restored(await backed_up(between, tmp_path / "y.tar"), back)
    assert await rows_of(back) == wanted
    assert await told(back) == said


async def test_influxdb_is_emptied_first_where_that_is_asked(file: Path, influxdb: str, tmp_path: Path) -> None:
    """--replace leaves nothing of what was there; a second time changes nothing; without it, it is refused."""
    here = settings_of(tmp_path, f"{influxdb}/replaced")
    await written(here, Batch(samples=[Sample("shed", "E9", START, registers={"energy_import_t1_wh": 1})]))
    with pytest.raises(LauncherError, match="there is something here already: a history"):
        await restored(file, here)
    for _ in range(2):
        assert await restored(file, here, replace=True) == 4577
        assert len(await rows_of(here)) == 4577
    assert await restored(file, here, merge=True) == 0


async def test_readings_that_influxdb_would_forget_are_left_out(file: Path, influxdb: str, tmp_path: Path) -> None:
    """An old backup restores into a database that keeps readings for a time: all else is there."""
    here = settings_of(tmp_path, f"{influxdb}/forgets")
    shorter = here.model_copy(update={"store": here.store.model_copy(update={"retention_days": 1})})
    assert await restored(file, shorter) == 4577 - 4220
    assert {series.table for series, _ in await rows_of(here)} == {Table.QUARTER, Table.MBUS, Table.EVENT}


async def test_halves_that_are_merged_are_the_whole(tmp_path: Path) -> None:
    """In whichever order, on SQLite: what was known stays, and where registers ran backwards an epoch begins."""
    first, second, whole = (settings_of(tmp_path / name) for name in ("first", "second", "whole"))
    old, new = batch(0, 600), Batch(samples=[reading(number, since=600) for number in range(601, 900)])
    await written(first, old)
    await written(second, new)
    await written(whole, old, new)
    files = [await backed_up(one, tmp_path / f"{number}.tar") for number, one in enumerate((first, second))]
    for order, name in ((files, "ab"), (files[::-1], "ba")):
        here = settings_of(tmp_path / name)
        for file in order:
            await restored(file, here, merge=True)
        assert await told(here) == await told(whole)


async def test_merging_goes_on_beside_a_history_that_is_written(file: Path, tmp_path: Path) -> None:
    """What was saved comes in under readings that keep coming; the one quarter that both have stays as it is here."""
    here = settings_of(tmp_path)
    later = [reading(number, "E2", 3000) for number in range(4320, 4600)]
    async with open_store(here.store, here.data_dir) as store:
        await store.write(Batch(samples=later[:1]))
        merging = asyncio.create_task(restored(file, here, merge=True))
        for one in later[1:]:
            await store.write(Batch(samples=[one]))
        assert await merging == 4576
        both = settings_of(tmp_path / "both")
        await written(both, batch(), Batch(samples=later))
        (_, usages, _, past, _), (_, wanted, _, wanted_past, _) = await told(here), await told(both)
        assert (usages, past) == (wanted, wanted_past)


async def test_accounts_are_kept_or_replaced_as_asked(file: Path, tmp_path: Path) -> None:
    """What people have set here is named and kept; --merge adds to it, --replace takes the backup's."""
    await _set(tmp_path, "here")
    here = settings_of(tmp_path)
    with pytest.raises(LauncherError, match="something here already: a password, tokens: --replace"):
        await restored(file, here)
    await restored(file, here, merge=True)
    assert _accounts(tmp_path) == ("here", ["a hash", "here"])
    await restored(file, here, replace=True)
    assert _accounts(tmp_path) == ("a hash", ["a hash"])


def _accounts(folder: Path) -> tuple[str, list[str]]:
    with closing(sqlite3.connect(folder / ACCOUNTS)) as database:
        (hash_,) = database.execute("SELECT hash FROM password").fetchone()
        return hash_, [name for (name,) in database.execute("SELECT name FROM token ORDER BY name")]


async def test_a_history_in_use_is_not_replaced(file: Path, tmp_path: Path) -> None:
    """While another program has the file open, or `meterkast up` holds the folder, nothing happens to it."""
    here = settings_of(tmp_path)
    await written(here, batch(0, 60))
    before = await rows_of(here)
    async with open_store(here.store, here.data_dir):
        with pytest.raises(StoreUnavailableError, match="another program uses it: stop Meterkast and try again"):
            await restored(file, here, replace=True)
    with data_folder(tmp_path), pytest.raises(LauncherError, match="another meterkast"):
        await restored(file, here, replace=True)
    assert await rows_of(here) == before
    assert not accounts.held(tmp_path / ACCOUNTS)


def test_a_restore_that_is_killed_has_changed_nothing(file: Path, house: Path, tmp_path: Path) -> None:
    """On SQLite it is one transaction: killed anywhere, the same command does it all."""
    here, data = settings_of(tmp_path / "data"), tmp_path / "data"
    arguments = ("restore", str(file), "--data-dir", str(data))
    process = subprocess.Popen(command(*arguments), cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.DEVNULL)
    while process.poll() is None and not (data / "history.sqlite-journal").exists():
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL
    assert asyncio.run(rows_of(here)) == {}
    restore(str(file), data_dir=data)
    assert asyncio.run(rows_of(here)) == asyncio.run(rows_of(settings_of(house)))


def test_the_check_compares_sums_with_a_history_that_went_on(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Later readings do not disturb it; a sum that differs is told, and the code is 1."""
    here = settings_of(tmp_path / "data")
    asyncio.run(written(here, batch(0, 5000)))
    with pytest.raises(typer.Exit) as ended:
        restore(str(file), check=True, data_dir=here.data_dir)
    said = capsys.readouterr().out
    assert (ended.value.exit_code, said.splitlines()[-1]) == (0, "the sums of every meter agree")
    assert "  home 2025: energy_export_t1_wh " in said
    with closing(sqlite3.connect(here.data_dir / "history.sqlite")) as database, database:
        database.execute("DELETE FROM quarter WHERE at % 86400000 = 0")
        database.execute("UPDATE mbus SET gas_l = gas_l + 1 WHERE at = (SELECT max(at) FROM mbus WHERE gas_l < 5400)")
        database.execute("UPDATE quarter SET energy_import_t1_wh = energy_import_t1_wh + 1 WHERE at < 1767200000000")
    with pytest.raises(typer.Exit) as ended:
        restore(str(file), check=True, data_dir=here.data_dir)
    assert (ended.value.exit_code, "energy_import_t1_wh differs" in capsys.readouterr().out) == (1, True)


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        ({"format": 2, "program": "9.9", "made_at": "2030-01-01T00:00:00Z"}, "of format 2, made by meterkast 9.9"),
        ({"hello": 1}, "this is no backup of Meterkast"),
        (None, "this is no backup of Meterkast"),
    ],
)
def test_what_is_not_ours_is_refused(tmp_path: Path, head: dict[str, object] | None, sentence: str) -> None:
    """A newer format, another program's tar, any other file: one sentence, and nothing is made."""
    if head is None:
        (tmp_path / "x.tar").write_text("hello\n" * 1000)
    else:
        with tarfile.open(tmp_path / "x.tar", "w") as tar:
            info = tarfile.TarInfo(HEAD)
            info.size = len(json.dumps(head))
            tar.addfile(info, io.BytesIO(json.dumps(head).encode()))
    with pytest.raises(LauncherError, match=sentence):
        restore(str(tmp_path / "x.tar"), data_dir=tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_accounts_of_a_newer_program_are_refused(tmp_path: Path) -> None:
    """A database of what people have set that this program does not know is not put in place."""
    with closing(sqlite3.connect(":memory:")) as database:
        for statement in accounts.SCHEMA:
            database.execute(statement)
        database.execute("PRAGMA user_version = 9")
        database.commit()
        image = database.serialize()
    _pack(tmp_path / "x.tar", (ACCOUNTS, image))
    with pytest.raises(LauncherError, match=r"api\.sqlite in the backup is of version 9"):
        restore(str(tmp_path / "x.tar"), data_dir=tmp_path / "data")
    assert not (tmp_path / "data").exists()


def _pack(path: Path, *members: tuple[str, bytes]) -> None:
    with path.open("wb") as out:
        writer = Writer(out)
        writer.begin()
        for name, data in members:
            writer.add(name, data)
        writer.finish()


async def test_a_deployment_comes_back_with_its_modes(house: Path, tmp_path: Path) -> None:
    """Its files go where they were, as they were; one that is here and different is not overwritten unasked."""
    folder, again = tmp_path / "deploy", tmp_path / "again"
    for name, mode in ((".env", 0o600), ("secrets/web-password", 0o444), ("certificates/ca.key", 0o400)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
        (folder / name).chmod(mode)
    (folder / "compose.yaml").write_text("is in git")
    file = await backed_up(settings_of(house), tmp_path / "x.tar", deployment=folder)
    await restored(file, settings_of(tmp_path / "a"), deployment=again)
    found = {path.relative_to(again).as_posix(): path.stat().st_mode & 0o777 for path in again.rglob("*")}
    assert found == {
        ".env": 0o600, "secrets": 0o700, "secrets/web-password": 0o444, "certificates": 0o700,
        "certificates/ca.key": 0o400,
    }  # fmt: skip
    (again / ".env").write_text("another")
    with pytest.raises(LauncherError, match=r"something here already: \.env"):
        await restored(file, settings_of(tmp_path / "b"), deployment=again)
    await restored(file, settings_of(tmp_path / "b"), deployment=again, merge=True)
    assert (again / ".env").read_text() == "another"
    await restored(file, settings_of(tmp_path / "b"), deployment=again, replace=True)
    assert (again / ".env").read_text() == ".env"


@pytest.mark.parametrize("name", ["deployment/../x", "deployment/compose.yaml", "deployment/secrets/../../x"])
def test_nothing_is_written_outside_its_place(tmp_path: Path, name: str) -> None:
    """A member that belongs nowhere makes the whole file refused."""
    _pack(tmp_path / "x.tar", (name, b"?"))
    with pytest.raises(LauncherError, match="belongs nowhere"):
        restore(str(tmp_path / "x.tar"), deployment=tmp_path / "d", data_dir=tmp_path / "data")
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar"]


def test_settings_come_back_first_where_there_are_none(house: Path, tmp_path: Path) -> None:
    """meterkast.toml says where history goes: it is put in its place and followed; one that is here is kept."""
    toml = tmp_path / "there" / "meterkast.toml"
    toml.parent.mkdir()
    toml.write_text(f'data_dir = "{tmp_path}/kept"\n')
    made = meterkast("backup", "../x.tar", "--data-dir", str(house), directory=toml.parent)
    assert made.returncode == 0, made.stderr
    result = meterkast("restore", "x.tar", directory=tmp_path)
    place = tmp_path / "etc" / "meterkast" / "meterkast.toml"
    assert f"meterkast.toml is put back: {place}" in result.stdout.decode(), result.stderr
    assert place.read_text() == toml.read_text()
    assert asyncio.run(rows_of(settings_of(tmp_path / "kept"))) == asyncio.run(rows_of(settings_of(house)))
    place.write_text(f'data_dir = "{tmp_path}/other"\n')
    kept = meterkast("restore", "x.tar", directory=tmp_path)
    assert f"{place} stays as it is; the backup has another" in kept.stdout.decode()
    assert (tmp_path / "other" / "history.sqlite").exists()


def test_a_pipe_restores_too(house: Path, file: Path, tmp_path: Path) -> None:
    """`-` reads standard input: a history goes to another machine without a file between."""
    result = meterkast("restore", "-", "--data-dir", "data", directory=tmp_path, stdin=file.read_bytes())
    assert result.returncode == 0, result.stderr
    assert asyncio.run(rows_of(settings_of(tmp_path / "data"))) == asyncio.run(rows_of(settings_of(house)))
