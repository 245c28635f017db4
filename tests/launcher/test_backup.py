"""`meterkast backup`: what it saves, while others write, and what is left when it fails."""

import asyncio
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from meterkast.backup import accounts, pages
from meterkast.backup.command import backup
from meterkast.backup.container import MANIFEST, contents, read
from meterkast.backup.errors import BackupDamagedError
from meterkast.backup.target import PART
from meterkast.errors import LauncherError
from meterkast.keys import keys
from meterkast_api.access import credentials
from meterkast_api.access.scopes import Scope
from meterkast_api.database import FILE as ACCOUNTS
from meterkast_store import open_store
from meterkast_store.archive import Page
from meterkast_store.rows import Series, Table

from tests.launcher.command import command, environment, meterkast
from tests.launcher.house import backed_up, batch, settings_of, written

PRIVATE = 0o600


def silent(what: str, count: int) -> None:
    del what, count


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a data folder with history, a password, a token, a document, and a host key."""
    folder = tmp_path_factory.mktemp("house")
    asyncio.run(written(settings_of(folder), batch()))
    asyncio.run(_set(folder))
    (folder / "ssh_host_key").write_text("a key")
    return folder


async def _set(folder: Path) -> None:
    async with keys(folder) as (database, _):
        await database.run(lambda c: credentials.set_password(c, credentials.Origin.CHOSEN, "a hash"))
        await database.run(lambda c: credentials.add_token(c, "evcc", {Scope.READ}, 1.0))
        await database.run(lambda c: credentials.add_session(c, 1.0))
        await database.put_document("contracts", b'[{"name": "mine"}]')


@pytest.fixture(scope="module")
def file(house: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a backup of the house."""
    return asyncio.run(backed_up(settings_of(house), tmp_path_factory.mktemp("backup") / "x.tar"))


def test_a_backup_is_said_in_figures_and_belongs_to_its_owner_alone(house: Path, tmp_path: Path) -> None:
    """One line says what is in the file, how large it is and that it was read back; others cannot read it."""
    result = meterkast("backup", "x.tar", "--data-dir", str(house), directory=tmp_path)
    said = result.stdout.decode()
    assert (result.returncode, result.stderr) == (0, b"")
    assert said.startswith("x.tar: 284 quarters of an hour, 72 M-Bus readings, 1 events, 4,220 samples; ")
    assert said.endswith("read back and found whole\n")
    assert (tmp_path / "x.tar").stat().st_mode & 0o777 == PRIVATE
    names = subprocess.run(["tar", "tf", "x.tar"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert names.splitlines()[:3] == ["meterkast-backup.json", "api.sqlite", "ssh_host_key"]
    assert names.splitlines()[-1] == MANIFEST


def test_sessions_end_with_a_backup(file: Path, house: Path) -> None:
    """Password, tokens and documents are in it; who was logged in is not."""
    with file.open("rb") as source:
        image = read(source, contents(source, silent).found[ACCOUNTS])
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(image)
        assert database.execute("SELECT hash FROM password").fetchall() == [("a hash",)]
        assert database.execute("SELECT name FROM token").fetchall() == [("evcc",)]
        assert database.execute("SELECT count(*) FROM session").fetchone() == (0,)
    assert accounts.held(house / ACCOUNTS) == ["a password", "tokens", "contracts or preferences"]


def test_it_goes_to_standard_output_too(house: Path, tmp_path: Path) -> None:
    """`-` writes the same members to a pipe or file, does not read them back, and says so on standard error."""
    with (tmp_path / "x.tar").open("wb") as out:
        result = subprocess.run(
            command("backup", "-", "--data-dir", str(house)),
            stdout=out, stderr=subprocess.PIPE, cwd=tmp_path, env=environment(tmp_path), check=True,
        )  # fmt: skip
    assert result.stderr.decode().endswith("not read back\n")
    with (tmp_path / "x.tar").open("rb") as source:
        assert contents(source, silent).rows("history/") == 4577


async def test_without_samples_every_sum_is_still_there(house: Path, tmp_path: Path) -> None:
    """What is kept for a time only is left out on request."""
    file = await backed_up(settings_of(house), tmp_path / "x.tar", samples=False)
    with file.open("rb") as source:
        held = contents(source, silent)
    assert (held.rows("history/sample/"), held.rows("history/quarter/")) == (0, 284)


async def test_it_is_one_moment_of_a_history_that_is_being_written(tmp_path: Path) -> None:
    """Every reading in it is counted in its quarter, and the readings of each quarter are there."""
    settings = settings_of(tmp_path / "data")
    await written(settings, batch(0, 900))
    async with open_store(settings.store, settings.data_dir) as store:
        stop = asyncio.Event()

        async def write() -> None:
            number = 900
            while not stop.is_set():
                await store.write(batch(number, number + 1))
                number += 1 if number != 999 else 101

        writer = asyncio.create_task(write())
        for attempt in range(5):
            await backed_up(settings, tmp_path / f"{attempt}.tar")
        stop.set()
        await writer
    seen = set()
    for attempt in range(5):
        with (tmp_path / f"{attempt}.tar").open("rb") as source:
            rows = [
                row
                for found in contents(source, silent).under(pages.FOLDER)
                for row in pages.unpacked(found.member.name, read(source, found)).apart()
            ]
        samples = [row for row in rows if row.series.table is Table.SAMPLE]
        assert sum(row.number("count") for row in rows if row.series.table is Table.QUARTER) == len(samples)
        seen.add(len(samples))
    assert len(seen) > 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_backup_that_is_ended_leaves_the_one_before(house: Path, tmp_path: Path, number: int) -> None:
    """Whatever ends it: no half file has the name, the one that had it stays; the next one leaves nothing behind."""
    (tmp_path / "x.tar").write_bytes(b"the one before")
    blocked = tmp_path / PART
    process = subprocess.Popen(
        command("backup", str(tmp_path / "x.tar"), "--data-dir", str(house)),
        cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while process.poll() is None and not blocked.exists():
        pass
    process.send_signal(number)
    process.communicate()
    assert process.returncode != 0
    assert (tmp_path / "x.tar").read_bytes() == b"the one before"
    assert blocked.exists() == (number == signal.SIGKILL)
    assert meterkast("backup", "x.tar", "--data-dir", str(house), directory=tmp_path).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar"]


def test_a_folder_gets_a_file_of_its_own_each_time_and_keeps_the_newest(house: Path, tmp_path: Path) -> None:
    """FOLDER/ --keep N: the name is the time, the oldest beyond N go, what has another name stays."""
    folder = tmp_path / "kept"
    folder.mkdir()
    for name in ("meterkast-20200101T000000Z.tar", "meterkast-20210101T000000Z.tar", "mine.tar"):
        (folder / name).touch()
    result = meterkast("backup", "kept/", "--keep", "2", "--data-dir", str(house), directory=tmp_path)
    assert result.stdout.decode().endswith("; 1 older ones removed\n")
    names = sorted(path.name for path in folder.iterdir())
    assert names[0] == "meterkast-20210101T000000Z.tar"
    assert (names[1][:10], names[2:]) == ("meterkast-", ["mine.tar"])
    assert names[1] > "meterkast-20260101T000000Z.tar"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("x.tar", "--data-dir", "nowhere"), "cannot read nowhere/history.sqlite: there is no history: give"),
        (("no/x.tar",), "no/x.tar cannot be written: No such file or directory: give a file in a folder"),
    ],
)
def test_what_a_person_can_mend_is_one_sentence(
    house: Path, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    """No history, no folder: what is wrong and what to do, code 2, nothing left."""
    given = () if "--data-dir" in arguments else ("--data-dir", str(house))
    result = meterkast("backup", *arguments, *given, directory=tmp_path)
    assert (result.returncode, result.stderr.decode().startswith(f"meterkast: {sentence}")) == (2, True), result.stderr
    assert list(tmp_path.rglob("*")) == []


def test_options_that_make_no_sense_are_refused(house: Path, tmp_path: Path) -> None:
    """--keep without a folder, a deployment that is none: nothing is written."""
    with pytest.raises(LauncherError, match="--keep needs a folder to keep them in"):
        backup(str(tmp_path / "x.tar"), keep=3, data_dir=house)
    with pytest.raises(LauncherError, match="holds nothing that `meterkast init` wrote"):
        backup(str(tmp_path / "x.tar"), deployment=tmp_path, data_dir=house)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_cut_off_anywhere_is_refused(file: Path, tmp_path: Path) -> None:
    """However much of it is missing, down to the last byte of the manifest, it is no backup."""
    data = file.read_bytes().rstrip(b"\0")
    for length in sorted({*range(0, len(data), 4999), *range(len(data) - 1200, len(data), 97), 511, 512, 513, 1024}):
        (tmp_path / "cut.tar").write_bytes(data[:length])
        with (tmp_path / "cut.tar").open("rb") as source, pytest.raises(BackupDamagedError):
            contents(source, silent)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=strategies.data())
def test_a_byte_that_has_changed_is_found(file: Path, tmp_path: Path, data: strategies.DataObject) -> None:
    """Any other byte anywhere, and it is refused, or every member is still what was written."""
    whole = bytearray(file.read_bytes())
    place = data.draw(strategies.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(strategies.integers(1, 255))
    (tmp_path / "changed.tar").write_bytes(whole)
    with (tmp_path / "changed.tar").open("rb") as source, file.open("rb") as original:
        try:
            found = contents(source, silent).found
        except BackupDamagedError:
            return
        wanted = contents(original, silent).found
        assert {name: one.member for name, one in found.items()} == {n: one.member for n, one in wanted.items()}


TEXTS = strategies.text(alphabet=strategies.characters(codec="utf-8"))
NUMBERS = strategies.integers(-(2**62), 2**62) | strategies.floats(allow_nan=False, allow_infinity=False)
FIELDS = strategies.none() | NUMBERS | TEXTS


@given(
    table=strategies.sampled_from(Table),
    texts=strategies.tuples(*[TEXTS] * 3),
    fields=strategies.lists(strategies.from_regex(r"[a-z][a-z0-9_]*", fullmatch=True), unique=True, max_size=4),
    data=strategies.data(),
)
def test_a_page_comes_back_as_it_was(
    table: Table, texts: tuple[str, str, str], fields: list[str], data: strategies.DataObject
) -> None:
    """Integers, floats and texts, whatever stands in them, are the same and of the same kind."""
    row = strategies.tuples(strategies.integers(-(2**53), 2**53), *[FIELDS] * len(fields))
    rows = data.draw(strategies.lists(row, min_size=1, max_size=4))
    page = Page(Series(table, *texts), fields, rows)
    back = pages.unpacked("x", pages.packed(page))
    assert (back.series, back.fields, list(map(tuple, back.rows))) == (page.series, fields, rows)
    assert [[type(value) for value in one] for one in back.rows] == [[type(value) for value in one] for one in rows]
