"""One deployment for every test here: images built, containers started, and all of it removed at the end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.engine import DockerMissingError, Engine, engine
from tests.compose.images import prepare
from tests.compose.project import GATEWAYS, Project

CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "meterkast" / "docker"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker run all tests of this folder, which share their containers, with time to build them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("compose"))
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def docker() -> Iterator[Engine]:
    """Give a Docker Engine."""
    try:
        with engine(CACHE) as answering:
            yield answering
    except DockerMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def images(docker: Engine) -> Engine:
    """Give a Docker Engine that has all images."""
    try:
        prepare(docker)
    except DockerMissingError as missing:
        pytest.skip(str(missing))
    return docker


@pytest.fixture(scope="session")
def project(images: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Give a running deployment: SQLite, a simulated house, TLS, and two gateways of the network."""
    started = Project(images, tmp_path_factory.mktemp("compose") / "deploy")
    started.copy()
    gateways = [option for name in GATEWAYS for option in ("--gateway", name)]
    started.init(
        "--store", "sqlite", "--simulator", "--tls", "--host", "localhost", "--address", "127.0.0.1", *gateways
    )
    try:
        started.up()
        yield started
    finally:
        started.down()
