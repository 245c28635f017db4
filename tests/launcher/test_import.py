"""`meterkast import` as a person starts it."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from meterkast_history.__main__ import build_history
from meterkast_runtime.health import Health
from meterkast_store import HistoryStore, Period, StoreSettings, open_store

from tests.api.other_programs import AMSTERDAM, HOUR, NAMES, hourly, local, monitor_hours, moved, reader_days, ring
from tests.brokers import Broker
from tests.history.readings import START
from tests.history.running import publish, publisher, running, settings_for, until
from tests.launcher.command import meterkast

DIALS = hourly(local(2025, 3, 28), local(2025, 3, 31))


async def total(store: HistoryStore) -> dict[str, int]:
    usage = await store.usage("home", local(2025, 1, 1), local(2027, 1, 1), Period.YEAR, AMSTERDAM)
    return usage.total()


async def test_files_are_imported_and_what_became_of_them_is_said(tmp_path: Path) -> None:
    """A dry run says what would be added and adds nothing; then each file is told of; again nothing is added."""
    (tmp_path / "hours.sql").write_text(monitor_hours(DIALS))
    (tmp_path / "RINGhours.csv").write_text(ring(DIALS))
    arguments = ("import", "hours.sql", "RINGhours.csv", "--data-dir", "history")
    dry = meterkast(*arguments, "--dry-run", directory=tmp_path)
    assert (dry.returncode, dry.stdout.decode().count("140 would be added, 0 known")) == (0, 2)
    first = meterkast(*arguments, directory=tmp_path)
    said = first.stdout.decode().splitlines()
    assert said[:4] == [
        "hours.sql is of p1-monitor-sql: 71 rows, 140 readings; 140 added, 0 known, 1 refused",
        "  from 2025-03-28 01:00 to 2025-03-30 23:00",
        "  electricity to meter imported of home",
        "  gas to meter imported of home",
    ]
    assert said[4].endswith("140 readings; 0 added, 140 known, 1 refused")
    assert first.stderr.decode().splitlines()[0] == (
        "hours.sql:71: its period was still running when the file was made"
    )
    second = meterkast(*arguments, directory=tmp_path)
    assert (second.returncode, second.stdout.decode().count(" 0 added, 140 known")) == (0, 2)
    async with open_store(StoreSettings(), tmp_path / "history") as store:
        used = await total(store)
    assert {name: used[name] for name in NAMES} == moved(DIALS[1:-1])


async def test_it_may_be_done_while_history_is_being_written(mosquitto: Broker, tmp_path: Path) -> None:
    """The history service keeps on writing the same file: both lose nothing, and the meter's registers go on."""
    old = hourly(START - 60 * HOUR, START - HOUR, first=(900_000, 76_000, 0, 0, 4_900_000))
    old = [dial for dial in old if dial.values[1] <= 77_000]
    (tmp_path / "hours.sql").write_text(monitor_hours(old))
    service = build_history(settings_for(mosquitto, tmp_path), Health("history"))
    async with (
        running(service),
        publisher(mosquitto) as session,
        open_store(StoreSettings(), tmp_path) as store,
    ):
        await publish(session, range(1))
        await until(lambda: has_own(store, 1))
        flow = asyncio.create_task(publish(session, range(1, 1200)))
        done = await asyncio.to_thread(
            meterkast, "import", "hours.sql", "--data-dir", str(tmp_path), directory=tmp_path
        )
        assert (done.returncode, b"electricity to meter E0043 of home" in done.stdout) == (0, True), done.stderr
        await flow
        await publish(session, range(1200, 1300))
        await until(lambda: has_own(store, 1300))
        assert all(len(meter.epochs) == 1 for meter in await store.meters())
        used = await total(store)
        assert used["energy_import_t1_wh"] == 1_000_000 + 1299 - old[1].values[0]
        assert used["gas_l"] == 5_000_000 + 1299 // 300 * 10 - old[1].values[4]


async def has_own(store: HistoryStore, count: int) -> bool:
    return len(await store.samples("home", START, START + timedelta(days=1), limit=10_000)) == count


def test_a_file_that_cannot_be_imported_does_not_keep_the_others_from_it(tmp_path: Path) -> None:
    """It is one line on standard error, and the code is 1."""
    (tmp_path / "notes.txt").write_text("hello\n")
    (tmp_path / "days.csv").write_text(reader_days(DIALS))
    result = meterkast("import", "none.csv", "notes.txt", "days.csv", "--data-dir", "d", directory=tmp_path)
    errors = result.stderr.decode().splitlines()
    assert result.returncode == 1
    assert errors[0] == "none.csv: cannot be read: No such file or directory"
    assert errors[1].startswith("notes.txt: this is none of the formats that can be imported: dsmr-logger (")
    assert b"days.csv is of dsmr-reader-days: 3 rows, 8 readings; 8 added" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--gateway", "Ünser Haus"), "meterkast: 'Ünser Haus' is not a gateway name: "),
        (("--data-dir", "file"), "meterkast: cannot open file/history.sqlite: "),
    ],
)
def test_what_a_person_can_mend_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """A wrong name, a history that cannot be opened: what is wrong and what to do, and code 2."""
    (tmp_path / "file").write_text(ring(DIALS))
    result = meterkast("import", "file", *arguments, directory=tmp_path)
    (line,) = result.stderr.decode().splitlines()
    assert (result.returncode, line.startswith(sentence)) == (2, True), line
