"""What several tests of the console need."""

from pathlib import Path

import pytest

from tests.console import decade


@pytest.fixture(scope="session")
def years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a history of ten years."""
    folder = tmp_path_factory.mktemp("decade")
    decade.fill(folder)
    return folder
