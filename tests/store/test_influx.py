"""What is particular to InfluxDB and what speaks like it."""

import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from meterkast_store import (
    Batch,
    StoreDamagedError,
    StoreError,
    StoreSettings,
    StoreSettingsError,
    StoreUnavailableError,
    open_store,
)
from meterkast_store.influx import InfluxRows
from meterkast_store.influx_place import InfluxPlace
from meterkast_store.rows import Table
from meterkast_store.sampling import sample_row
from pydantic import SecretStr

from tests.brokers import free_port
from tests.databases import HOW_TO_GET_2, DatabaseMissingError, has_influxdb_2, influxdb_1, victoria_metrics
from tests.store.conftest import FOR_LONG
from tests.store.houses import NOON, sample, steady

NOTHING = Path("/nonexistent")


def test_influxdb_2_is_checked() -> None:
    """The contract is checked over InfluxDB 2 wherever there is one, and what servers do wherever it can be killed."""
    if not has_influxdb_2():
        pytest.skip(HOW_TO_GET_2)


async def test_victoria_metrics_takes_what_version_2_clients_write(tmp_path: Path) -> None:
    """Written through /api/v2/write, every reading is there, its registers exact."""
    try:
        with victoria_metrics(tmp_path / "vm") as server:
            rows = InfluxRows(InfluxPlace(server.url, "meterkast", "meterkast_samples"))
            await rows.open()
            readings = [sample(NOON + timedelta(seconds=n), 2**40 + n, power_import_w=n) for n in range(100)]
            await rows.put([sample_row(one) for one in readings])
            with pytest.raises(StoreDamagedError, match="it does not answer InfluxQL"):
                await rows.series(Table.SAMPLE)
            await rows.close()
            async with httpx.AsyncClient(base_url=server.url) as http:
                await http.get("/internal/force_flush")
                match = '{__name__="sample_energy_import_t1_wh"}'
                answer = await http.get("/api/v1/export", params={"match[]": match, "start": 0})
    except DatabaseMissingError as missing:
        pytest.skip(str(missing))
    (series,) = [json.loads(line) for line in answer.text.splitlines()]
    assert series["metric"]["gateway"] == "home"
    assert series["values"] == [2**40 + n for n in range(100)]


async def test_a_wrong_password_is_said(tmp_path: Path) -> None:
    """A server that does not let us in gives one sentence that says what to check, and no secret."""
    try:
        with influxdb_1(tmp_path / "influxdb", auth=True) as server:
            async with httpx.AsyncClient(base_url=server.url) as http:
                await http.post("/query", params={"q": "CREATE USER a WITH PASSWORD 'b' WITH ALL PRIVILEGES"})
            settings = StoreSettings(
                url=f"influxdb://127.0.0.1:{server.port}/meterkast", username="me", password=SecretStr("hush-hush")
            )
            with pytest.raises(StoreUnavailableError, match="check token, or username and password") as caught:
                await open_store(settings, NOTHING).__aenter__()
    except DatabaseMissingError as missing:
        pytest.skip(str(missing))
    assert "hush" not in str(caught.value)


async def test_a_killed_server_is_waited_for(tmp_path: Path) -> None:
    """While the server is away a write is an error; after its return the same batch is written, once."""
    try:
        with influxdb_1(tmp_path / "influxdb") as server:
            url = f"influxdb://127.0.0.1:{server.port}/meterkast"
            settings = StoreSettings(url=url, retention_days=FOR_LONG)
            samples = list(steady(NOON, NOON + timedelta(minutes=40)))
            async with open_store(settings, NOTHING) as store:
                await store.write(Batch(samples=samples[:10]))
                server.kill()
                with pytest.raises(StoreUnavailableError, match="start the database"):
                    await store.write(Batch(samples=samples[10:]))
                server.start()
                await store.write(Batch(samples=samples[10:]))
                assert await store.samples("home", NOON, NOON + timedelta(hours=1)) == samples
    except DatabaseMissingError as missing:
        pytest.skip(str(missing))


async def test_no_server_is_one_sentence() -> None:
    """Nobody listening is said with the address and what to do."""
    settings = StoreSettings(url=f"influxdb://127.0.0.1:{free_port()}/meterkast")
    with pytest.raises(StoreError, match=r"cannot open meterkast at http://127.0.0.1:\d+: .*: start the database"):
        await open_store(settings, NOTHING).__aenter__()


@pytest.mark.parametrize("url", ["influxdb://", "influxdb:///db", "influxdb://host", "mysql://host/db", "sqlite:///"])
def test_a_url_that_names_nothing_is_refused(url: str) -> None:
    """A url of an unknown kind, without server or without database is refused with an example."""
    with pytest.raises(StoreSettingsError, match=r"write \[store\] url as"):
        open_store(StoreSettings(url=url), NOTHING)
