"""The units of systemd, and the script that installs them."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy" / "systemd"
INSTALL = ROOT / "deploy" / "install.sh"
SERVICES = ("reader", "parser", "history", "api", "console")
OURS = ["meterkast.service", "meterkast-backup.service", *(f"meterkast-{name}.service" for name in SERVICES)]
MOST_EXPOSED = 2.0
"""systemd-analyze's exposure: 10 is a unit without any protection, below 3 it says OK."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a root in which the units are installed, and the programs that they start."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing; get it by: apt install systemd")
    root = tmp_path_factory.mktemp("root")
    shutil.copytree(UNITS, root / "etc/systemd/system", symlinks=True)
    shutil.copytree("/lib/systemd/system", root / "lib/systemd/system", symlinks=True)
    programs = root / "opt/meterkast/current/bin"
    programs.mkdir(parents=True)
    for name in ("meterkast", *(f"meterkast-{service}" for service in SERVICES)):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    return root


def analyzed(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


def test_systemd_takes_every_unit_without_a_word(root: Path) -> None:
    """No unknown setting, no missing program, no impossible order."""
    result = analyzed("verify", f"--root={root}", "--man=no", *OURS, "meterkast.target", "meterkast-backup.timer")
    about_ours = [line for line in result.stderr.splitlines() if "meterkast" in line]
    assert (about_ours, result.returncode) == ([], 0)


@pytest.mark.parametrize("unit", OURS)
def test_every_unit_is_shut_in(root: Path, unit: str) -> None:
    """What a unit could do to the machine is little, by systemd's own measure."""
    result = analyzed("security", "--offline=yes", f"--root={root}", unit)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
    assert found is not None, result.stderr
    assert float(found[1]) <= MOST_EXPOSED, result.stdout


def test_every_service_has_its_unit() -> None:
    """A service that is added to the workspace gets a unit, which runs its command."""
    members = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
    assert {f"services/{name}" for name in SERVICES} == {one for one in members if one.startswith("services/")}
    for name in SERVICES:
        unit = (UNITS / f"meterkast-{name}.service").read_text()
        assert f"ExecStart=/opt/meterkast/current/bin/meterkast-{name}\n" in unit
    assert f'SERVICES="{" ".join(SERVICES)}"' in INSTALL.read_text()


def test_the_script_says_what_it_can() -> None:
    """An unknown word is answered by what there is, and its syntax is right."""
    said = subprocess.run([INSTALL, "--help"], capture_output=True, text=True, check=True).stdout
    assert "sudo ./install.sh rollback     back to the version before" in said
    shell = subprocess.run(["bash", "-n", INSTALL], capture_output=True, text=True, check=False)
    assert (shell.returncode, shell.stderr) == (0, "")
