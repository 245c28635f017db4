"""A simulated house for the scripts, and what they need from npm."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.friends.examples import EXAMPLES
from tests.pipeline.home import Home


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A running simulated house, called `home`."""
    with Home(tmp_path_factory.mktemp("house"), "simulator:be-emucs?seed=7") as house:
        house.actual()
        yield house


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the scripts, with the packages that they name."""
    if shutil.which("npm") is None:
        pytest.skip("npm is missing; get it by: apt install nodejs npm, or https://nodejs.org")
    folder = tmp_path_factory.mktemp("friends") / "scripts"
    shutil.copytree(EXAMPLES / "scripts", folder, ignore=shutil.ignore_patterns("node_modules"))
    quiet = ("--silent", "--no-fund", "--no-audit", "--prefer-offline")
    subprocess.run(["npm", "ci", *quiet], cwd=folder, check=True)
    return folder
