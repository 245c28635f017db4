"""Every backend in turn: SQLite, InfluxDB 1 and InfluxDB 2."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from meterkast_store import StoreSettings
from pydantic import SecretStr

from tests.databases import DatabaseMissingError, any_influxdb_2, has_influxdb_2, influxdb_1

SettingsMaker = Callable[[], StoreSettings]
FOR_LONG = 36_500
"""Days: the server itself forgets samples, and those of the tests stand in a fixed year."""


def _sqlite(folder: Path, stack: ExitStack) -> SettingsMaker:
    del stack
    return lambda: StoreSettings(url=f"sqlite:///{folder}/{uuid.uuid4().hex}.sqlite")


def _influxdb_1(folder: Path, stack: ExitStack) -> SettingsMaker:
    server = stack.enter_context(influxdb_1(folder / "influxdb1"))
    place = f"influxdb://127.0.0.1:{server.port}"
    return lambda: StoreSettings(url=f"{place}/d{uuid.uuid4().hex}", retention_days=FOR_LONG)


def _influxdb_2(folder: Path, stack: ExitStack) -> SettingsMaker:
    server = stack.enter_context(any_influxdb_2(folder / "influxdb2"))
    place = server.url.replace("http", "influxdb", 1)
    token = SecretStr(server.token)
    return lambda: StoreSettings(
        url=f"{place}/d{uuid.uuid4().hex}", token=token, org=server.org, retention_days=FOR_LONG
    )


BACKENDS = {"sqlite": _sqlite, "influxdb1": _influxdb_1}
if has_influxdb_2():
    BACKENDS["influxdb2"] = _influxdb_2


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SettingsMaker]:
    """Give what makes settings of an empty history in each backend."""
    with ExitStack() as stack:
        try:
            maker = BACKENDS[request.param](tmp_path_factory.mktemp(request.param), stack)
        except DatabaseMissingError as missing:
            pytest.skip(str(missing))
        yield maker
