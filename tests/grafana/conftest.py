"""One InfluxDB with houses in it for all tests of Grafana."""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from meterkast_store import HistoryStore, StoreSettings, open_store

from tests.databases import DatabaseMissingError, DatabaseServer, influxdb_1
from tests.grafana.houses import Database, furnish

FOR_EVER_DAYS = 20_000
ONE_WORKER = pytest.mark.xdist_group("grafana")
"""The database is filled once."""


def store_at(server: DatabaseServer, folder: Path, name: str = "meterkast") -> HistoryStore:
    settings = StoreSettings(url=f"influxdb://127.0.0.1:{server.port}/{name}", retention_days=FOR_EVER_DAYS)
    return open_store(settings, folder)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseServer]:
    """Give a running InfluxDB 1."""
    try:
        with influxdb_1(tmp_path_factory.mktemp("grafana") / uuid.uuid4().hex) as running:
            yield running
    except DatabaseMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def furnished(server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> HistoryStore:
    """Give a store of that InfluxDB, filled; each test opens it for itself."""
    folder = tmp_path_factory.mktemp("furnished")

    async def fill() -> None:
        async with store_at(server, folder) as store:
            await furnish(store)

    asyncio.run(fill())
    return store_at(server, folder)


@pytest.fixture(scope="session")
def database(server: DatabaseServer, furnished: HistoryStore) -> Iterator[Database]:
    """Give that InfluxDB as Grafana sees it."""
    del furnished
    found = Database(server.url)
    yield found
    found.close()
