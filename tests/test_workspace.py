"""The workspace lists every package, once, where it must stand."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
WORKSPACE: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = sorted(path.parent for path in ROOT.glob("*/pyproject.toml")) + sorted(
    path.parent for path in ROOT.glob("services/*/pyproject.toml")
)


def test_workspace_lists_every_package() -> None:
    """A folder with a pyproject is a member of the workspace, and no other folder is."""
    members = WORKSPACE["tool"]["uv"]["workspace"]["members"]
    assert sorted(members) == sorted(str(package.relative_to(ROOT)) for package in PACKAGES)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_folder_package_and_command_share_a_name(package: Path) -> None:
    """Folder `services/reader` is package `meterkast_reader` and command `meterkast-reader`."""
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name = "meterkast" if package.name == "launcher" else f"meterkast-{package.name}"
    module = name.replace("-", "_")
    assert project["name"] == name
    assert (package / module / "__init__.py").exists()
    if package.parent.name == "services" or name == "meterkast":
        assert project["scripts"] == {name: f"{module}.__main__:main"}
    if package.parent.name == "services":
        for file in ("__main__.py", "settings.py", "service.py"):
            assert (package / module / file).exists()


def test_import_contract_knows_every_package() -> None:
    """A package that the import contract does not name would escape it."""
    contract = WORKSPACE["tool"]["importlinter"]
    modules = {"meterkast" if package.name == "launcher" else f"meterkast_{package.name}" for package in PACKAGES}
    assert set(contract["root_packages"]) == modules
    layers = {name.strip() for layer in contract["contracts"][0]["layers"] for name in layer.split("|")}
    assert layers == modules
