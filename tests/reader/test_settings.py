import subprocess
import sys
from pathlib import Path

import pytest
from meterkast_reader.settings import ReaderSection, ReaderSettings
from meterkast_runtime.settings import SettingsError, load_settings


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file that is the only one."""
    file = tmp_path / "meterkast.toml"
    monkeypatch.setenv("METERKAST_CONFIG", str(file))
    return file


def test_one_port_or_several() -> None:
    """`source` and `gateway` name one port, `sources` any number."""
    one = ReaderSection(source="/dev/ttyUSB0", gateway="shed")
    assert [(port.gateway, port.source) for port in one.ports] == [("shed", "/dev/ttyUSB0")]
    many = ReaderSection.model_validate({"sources": [{"source": "simulator", "gateway": f"sim-{n}"} for n in "12"]})
    assert [port.gateway for port in many.ports] == ["sim-1", "sim-2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('source = "sockt://host:1"', "did you mean socket?"),
        ('sources = [{ source = "simulator:?gatewys=2" }]', "did you mean gateways?"),
        ('gateway = "My Home"', "gateway"),
        ("spool_mb = 0", "spool_mb"),
        ("spool = 1", "spool"),
    ],
)
def test_wrong_settings_are_refused_in_one_sentence(config: Path, text: str, words: str) -> None:
    """Mistakes in the file are found at the start, each in a sentence that names the key."""
    config.write_text(f"[reader]\n{text}\n")
    with pytest.raises(SettingsError) as refused:
        load_settings(ReaderSettings)
    (problem,) = refused.value.problems
    assert words in problem
    assert "\n" not in problem


def test_help_teaches_every_source() -> None:
    """`--help` shows each kind of source by example, and the dialects."""
    command = [sys.executable, "-m", "meterkast_reader", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for example in ("/dev/ttyUSB0", "socket://", "rfc2217://", "replay:", "simulator:", "be-iskra", "--gateway NAME"):
        assert example in text


def test_without_a_source_nothing_is_made_up(config: Path) -> None:
    """The reader simulates a house only when told to."""
    config.touch()
    command = [sys.executable, "-m", "meterkast_reader"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "no source is named: meterkast-reader /dev/ttyUSB0" in ended.stderr
