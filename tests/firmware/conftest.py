"""Fixtures of the firmware's tests: the compiled slot, and a device that runs it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.firmware import portal_device
from tests.firmware.core_device import APP, PARTS, STAND_IN, Device, compiled, new_device


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the compiled modules."""
    sources = {source.name: source for folder in (APP, STAND_IN, PARTS) for source in sorted(folder.glob("*.py"))}
    return compiled(tmp_path_factory.mktemp("app"), *sources.values())


@pytest.fixture
def device(tmp_path: Path, app: Path) -> Iterator[Device]:
    """Give a device that is off."""
    yield from new_device(tmp_path, app)


@pytest.fixture(scope="session")
def portal_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder with the portal as a slot has it."""
    portal_device.micropython()
    return portal_device.built(tmp_path_factory.mktemp("slot"))


@pytest.fixture
def portal(portal_root: Path, tmp_path: Path) -> Iterator[portal_device.Device]:
    """Give a device on its first start, with one open network in the air."""
    air = {"networks": [{"ssid": "home"}]}
    with portal_device.running(portal_device.Device(root=portal_root, folder=tmp_path, air=air)) as started:
        yield started
