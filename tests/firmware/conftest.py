"""The firmware, compiled once for all its tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.firmware import portal_device


@pytest.fixture(scope="session")
def portal_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the portal as a slot has it."""
    portal_device.micropython()
    return portal_device.built(tmp_path_factory.mktemp("slot"))


@pytest.fixture
def device(portal_root: Path, tmp_path: Path) -> Iterator[portal_device.Device]:
    """Give a device on its first start, with one open network in the air."""
    air = {"networks": [{"ssid": "home"}]}
    with portal_device.running(portal_device.Device(root=portal_root, folder=tmp_path, air=air)) as started:
        yield started
