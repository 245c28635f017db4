"""deploy/influxdb/init/meterkast.sh: databases and users of least right, in InfluxDB 1 and 2."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from meterkast_store import Batch, StoreSettings, StoreUnavailableError, open_store
from meterkast_store.archive import Archive, open_archive
from pydantic import SecretStr

from tests.databases import (
    ORG,
    TOKEN,
    DatabaseMissingError,
    DatabaseServer,
    influx,
    influxdb_1,
    influxdb_2,
    runs_influxdb_2,
)
from tests.store.houses import steady
from tests.store.test_influx_servers import NOW

SCRIPT = Path(__file__).parents[2] / "deploy/influxdb/init/meterkast.sh"
SECRETS = ("admin", "writer", "reader", "grafana")
SAMPLES = list(steady(NOW - timedelta(minutes=20), NOW))


@dataclass(frozen=True, slots=True)
class Fresh:
    """A server on which nothing is made yet, and the secrets for it."""

    server: DatabaseServer
    secrets: Path
    program: str

    def run(self) -> str:
        """Run the script as the container does; returns what it says."""
        programs = self.secrets.parent / "programs"
        programs.mkdir(exist_ok=True)
        if not (programs / "influx").exists():
            (programs / "influx").symlink_to(self.program)
        environment = {
            **os.environ, "SECRETS": str(self.secrets), "INFLUX_HOST": self.server.url, "HOME": str(programs),
            "PATH": f"{programs}:{os.environ['PATH']}", "DOCKER_INFLUXDB_INIT_ORG": ORG,
            "DOCKER_INFLUXDB_INIT_USERNAME": "test", "ADMIN_BEFORE": str(programs / "before"),
        }  # fmt: skip
        done = subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def settings(self, user: str) -> StoreSettings:
        """Return the settings of a user."""
        url = f"influxdb://127.0.0.1:{self.server.port}/meterkast"
        password = SecretStr((self.secrets / f"influxdb-{user}").read_text().rstrip("\n"))
        return StoreSettings(url=url, username=user, password=password)


def _influx(major: int) -> str:
    if (program := influx(major)) is not None:
        return program
    how = "apt install influxdb-client" if major == 1 else "see https://docs.influxdata.com"
    raise DatabaseMissingError(f"the influx command of InfluxDB {major} is missing; {how}")


@pytest.fixture(params=[1, 2] if runs_influxdb_2() else [1], ids="influxdb{}".format)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fresh]:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in SECRETS:
        (secrets / f"influxdb-{name}").write_text(f'it\'s \\the\\ "{name}" $HOME\n')
    (secrets / "influxdb-admin-token").write_text(TOKEN)
    try:
        program = _influx(request.param)
        if request.param == 1:
            with influxdb_1(tmp_path / "server", auth=True) as server:
                yield Fresh(server, secrets, program)
            return
        with influxdb_2(tmp_path / "server") as two:
            assert two.server is not None
            yield Fresh(two.server, secrets, program)
    except DatabaseMissingError as missing:
        pytest.skip(str(missing))


async def test_each_user_may_do_its_work_and_no_more(fresh: Fresh) -> None:
    """The writer writes and reads, reader and grafana read; after a change of passwords the old ones are shut out."""
    assert fresh.run().startswith("InfluxDB has meterkast (for ever) and meterkast_samples (90 days)")
    old = fresh.settings("writer")
    async with open_store(old, Path()) as store:
        await store.write(Batch(samples=SAMPLES))
    for name in ("reader", "grafana"):
        async with open_store(fresh.settings(name), Path()) as store:
            assert await store.samples("home", SAMPLES[0].measured_at, NOW) == SAMPLES
            with pytest.raises(StoreUnavailableError, match="check token, or username and password"):
                await store.write(Batch(samples=[*SAMPLES[-1:], *steady(NOW, NOW + timedelta(minutes=1))]))
    for name in SECRETS:
        (fresh.secrets / f"influxdb-{name}").write_text(f"another {name}")
    fresh.run()
    with pytest.raises(StoreUnavailableError, match="check token, or username and password"):
        await open_store(old, Path()).__aenter__()
    async with open_store(fresh.settings("writer"), Path()) as store:
        assert await store.samples("home", SAMPLES[0].measured_at, NOW) == SAMPLES


async def test_the_writer_may_put_back_what_was_saved(fresh: Fresh) -> None:
    """Reading and writing is right enough for `meterkast restore --replace`; a reader may not, and all stays."""
    fresh.run()
    settings = fresh.settings("writer")
    async with open_store(settings, Path()) as store:
        await store.write(Batch(samples=SAMPLES))
    with pytest.raises(StoreUnavailableError, match="check token, or username and password"):
        await _empty(open_archive(fresh.settings("reader"), Path()))
    async with open_archive(settings, Path()) as archive:
        assert not await archive.empty()
    await _empty(open_archive(settings, Path()))
    async with open_archive(settings, Path()) as archive:
        assert await archive.empty()


async def _empty(archive: Archive) -> None:
    async with archive, archive.refill():
        pass
