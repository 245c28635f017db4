"""Killing what can be killed, while readings flow."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from meterkast_history.__main__ import build_history
from meterkast_runtime.health import Health
from meterkast_store import HistoryStore, Period, StoreSettings, open_store
from meterkast_store.book import Book
from meterkast_store.sqlite import SqliteRows

from tests.brokers import Broker
from tests.databases import DatabaseMissingError, influxdb_1
from tests.history.readings import START
from tests.history.running import has, publish, publisher, running, settings_for, stored, until

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def start_process(broker: Broker, folder: Path) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "METERKAST_MQTT__HOST": broker.host,
        "METERKAST_MQTT__PORT": str(broker.port),
        "METERKAST_DATA_DIR": str(folder),
        "METERKAST_CONFIG": str(folder / "meterkast.toml"),
        "METERKAST_HISTORY__BATCH_WAIT_S": "0.01",
    }
    (folder / "meterkast.toml").touch()
    return subprocess.Popen([sys.executable, "-m", "meterkast_history"], env=environment)


async def test_killing_it_at_any_time_loses_nothing_and_counts_nothing_twice(broker: Broker, tmp_path: Path) -> None:
    """The process is killed by SIGKILL again and again under load: every reading is kept, and once."""
    total, chunk = 900, 300
    async with open_store(StoreSettings(), tmp_path) as store, publisher(broker) as session:
        process = await asyncio.to_thread(start_process, broker, tmp_path)
        await publish(session, range(1))
        await until(lambda: _at_least(store, 1))
        for begin in range(0, total, chunk):
            await publish(session, range(begin, begin + chunk))
            await until(lambda mark=begin + chunk // 10: _at_least(store, mark))  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait)
            process = await asyncio.to_thread(start_process, broker, tmp_path)
        await publish(session, range(total, total + 1))
        await until(lambda: has(store, total + 1))
        process.terminate()
        assert await asyncio.to_thread(process.wait, 5) == 0
        usage = await store.usage("home", START, START + timedelta(days=1), Period.DAY, AMSTERDAM)
        assert usage.total()["energy_import_wh"] == total
        await _quarters_hold_each_sample_once(tmp_path, total + 1)


async def _at_least(store: HistoryStore, count: int) -> bool:
    return await stored(store) >= count


async def _quarters_hold_each_sample_once(folder: Path, total: int) -> None:
    rows = SqliteRows(folder / "history.sqlite")
    async with Book(rows, retention=timedelta(days=90), tolerance=timedelta(seconds=60)) as book:
        curve = await book.power("home", datetime(2026, 1, 1, tzinfo=START.tzinfo), START + timedelta(days=9), 10)
        assert sum(one.count for one in curve.bins) == total


async def test_killing_the_database_loses_nothing(mosquitto: Broker, tmp_path: Path) -> None:
    """InfluxDB is killed while readings flow: they wait at the broker, and each is written once it is back."""
    total, chunk = 600, 100
    try:
        with influxdb_1(tmp_path / "influxdb") as server:
            store_settings = StoreSettings(
                url=f"influxdb://127.0.0.1:{server.port}/meterkast", timeout_s=2, retention_days=36_500
            )
            settings = settings_for(mosquitto, tmp_path).model_copy(update={"store": store_settings})
            async with (
                open_store(store_settings, tmp_path) as store,
                running(build_history(settings, Health("history"))),
                publisher(mosquitto) as session,
            ):
                for begin in range(0, total, chunk):
                    flow = asyncio.create_task(publish(session, range(begin, begin + chunk)))
                    await asyncio.to_thread(server.kill)
                    await flow
                    await asyncio.to_thread(server.start)
                await until(lambda: has(store, total))
                usage = await store.usage("home", START, START + timedelta(days=1), Period.DAY, AMSTERDAM)
                assert usage.total()["energy_import_wh"] == total - 1
    except DatabaseMissingError as missing:
        pytest.skip(str(missing))
