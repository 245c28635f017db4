"""Fixtures of the firmware's tests: the compiled slot, and a device that runs it."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.firmware import portal_device
from tests.firmware.core_device import Device, built, new_device


@pytest.fixture(scope="session")
def chip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the files of a chip."""
    return built(tmp_path_factory.mktemp("chip"))


@pytest.fixture
def device(chip: Path) -> Iterator[Device]:
    """Give a device that is off, in a folder of a short name: MicroPython keeps the names of folders in its heap."""
    with TemporaryDirectory() as folder:
        yield from new_device(Path(folder), chip)


@pytest.fixture(scope="session")
def portal_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder with the portal as a slot has it."""
    return portal_device.built(tmp_path_factory.mktemp("slot"))


@pytest.fixture
def portal(portal_root: Path, tmp_path: Path) -> Iterator[portal_device.Device]:
    """Give a device on its first start, with one open network in the air."""
    air = {"networks": [{"ssid": "home"}]}
    with portal_device.running(portal_device.Device(root=portal_root, folder=tmp_path, air=air)) as started:
        yield started
