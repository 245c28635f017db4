"""The collection of real telegrams that may lie beside the checkout; tests pass without it."""

import csv
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "shared" / "telegrams"
BROKEN = FOLDER / "broken"

ABSENT = pytest.mark.skip(reason="no collection of real telegrams lies beside this checkout")


def manifest(folder: Path = FOLDER) -> list[dict[str, str]]:
    """Return the rows of a folder's manifest, none where there is no collection."""
    path = folder / "MANIFEST.tsv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def telegrams() -> list[Path]:
    """Return the files that hold one whole telegram each."""
    return sorted(FOLDER.glob("*.txt"))


def each(parameter: str, cases: list[Any]) -> pytest.MarkDecorator:
    """Run a test for each case; where there is none, skip it once and say what is absent."""
    absent = pytest.param(None, id="absent", marks=ABSENT)
    return pytest.mark.parametrize(parameter, [pytest.param(case, id=_name(case)) for case in cases] or [absent])


def _name(case: Any) -> str:
    return case.name if isinstance(case, Path) else str(case["file"])
