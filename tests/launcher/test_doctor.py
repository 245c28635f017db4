import os
import re
import socket
from pathlib import Path

import pytest
from meterkast.doctor.device import examine, found_ports
from meterkast.doctor.diagnosis import ADVICE, Finding
from meterkast.doctor.holders import holders
from meterkast.doctor.observation import Observation
from meterkast.doctor.visit import Visit, visit

from tests.launcher.command import meterkast
from tests.launcher.container import opened_in_a_container
from tests.launcher.p1_port import P1Port, upside_down
from tests.launcher.telegrams import OLD, ciphered, telegram
from tests.launcher.zone import AMSTERDAM

KEY = bytes.fromhex("AB112233445566778899AABBCCDDEEFF")
DAMAGED = telegram().replace(b"00.424", b"00.425")


async def look(source: str, directory: Path, *, seconds: float = 8, key: bytes | None = None) -> Visit:
    """Visit a source with a memory of its own."""
    return await visit(source, Observation(zone=AMSTERDAM, key=key), seconds=seconds, data_dir=directory)


@pytest.mark.parametrize(
    ("port", "finding", "line"),
    [
        (P1Port([telegram()]), Finding.WELL, "115200 8N1"),
        (P1Port([OLD], speed=9600, seven_bit=True), Finding.OLD_METER, "9600 7E1"),
        (P1Port([DAMAGED]), Finding.CRC_ERRORS, "115200 8N1"),
        (P1Port([telegram(), DAMAGED]), Finding.SOME_CRC_ERRORS, "115200 8N1"),
        (P1Port([upside_down(telegram())]), Finding.INVERTED, None),
        (P1Port([OLD.replace(b"(00185.000*kWh)", b"(00185")]), Finding.REFUSED, "115200 8N1"),
    ],
    ids=lambda value: str(value) if isinstance(value, Finding) else "",
)
async def test_each_fault_of_a_port_is_found(port: P1Port, finding: Finding, line: str | None, tmp_path: Path) -> None:
    """A pseudo-terminal that behaves as the fault does leads to this finding and line setting."""
    with port:
        found = await look(port.device, tmp_path)
    assert (found.diagnosis.finding, found.line) == (finding, line), found.diagnosis.sentence
    assert found.diagnosis.well == (finding in (Finding.WELL, Finding.OLD_METER))


@pytest.mark.parametrize(
    ("port", "finding"),
    [
        (P1Port([]), Finding.SILENT),
        (P1Port([os.urandom(200)], interval_s=0.05), Finding.NOISE),
        (P1Port([telegram()[:-30]]), Finding.CUT),
    ],
    ids=["silent", "noise", "cut"],
)
async def test_what_takes_the_whole_time_to_be_sure_of(port: P1Port, finding: Finding, tmp_path: Path) -> None:
    """Silence, noise and telegrams without end are only known when the time is over."""
    with port:
        found = await look(port.device, tmp_path, seconds=2)
    assert found.diagnosis.finding is finding, found.diagnosis.sentence


async def test_a_port_in_use_names_the_other_program(tmp_path: Path) -> None:
    """A device that another process has open is not opened; its name and process id are said."""
    with P1Port([telegram()]) as port:
        reader = os.open(port.device, os.O_RDONLY | os.O_NOCTTY)
        try:
            result = meterkast("doctor", port.device, directory=tmp_path)
            assert holders(port.device) == []
        finally:
            os.close(reader)
    assert result.returncode == 1
    assert f"(process {os.getpid()})" in result.stdout.decode()
    assert "PROBLEM" in result.stdout.decode()


def test_a_terminal_of_the_same_name_in_a_container_is_another_one() -> None:
    """A container has a /dev/pts of its own, so a program in it that has the same name open is no other reader."""
    with P1Port([]) as port, opened_in_a_container(port.device):
        assert holders(port.device) == []


async def test_a_missing_device_is_said_with_those_that_are_there(tmp_path: Path) -> None:
    """A device that is not there, and a file that is none, are said before anything is opened."""
    for source in ("/dev/ttyNOSUCH0", f"serial:{tmp_path}"):
        found = await look(source, tmp_path)
        assert found.diagnosis.finding is Finding.NO_DEVICE


def test_a_device_that_may_not_be_opened_names_the_group() -> None:
    """Without permission the advice is the command that gives it."""
    with P1Port([]) as port:
        found = examine(port.device, may=lambda _device, _how: False)
    assert found is not None
    assert found.finding is Finding.NO_PERMISSION
    assert "sudo usermod -aG " in found.advice[0]


@pytest.mark.parametrize(
    ("key", "finding"), [(None, Finding.CIPHERED), (KEY, Finding.WELL), (bytes(16), Finding.WRONG_KEY)], ids=str
)
async def test_a_ciphered_port_asks_for_its_key(key: bytes | None, finding: Finding, tmp_path: Path) -> None:
    """Ciphered telegrams are well with their key; without one or with another the key is what is wrong."""
    with P1Port([ciphered(telegram(), KEY)]) as port:
        found = await look(port.device, tmp_path, key=key)
    assert found.diagnosis.finding is finding


async def test_servers_are_judged_too(tmp_path: Path) -> None:
    """A closed port, a silent server and one that breaks off are three different findings."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        silent = await look(f"socket://127.0.0.1:{port}", tmp_path, seconds=1)
    gone = await look(f"socket://127.0.0.1:{port}", tmp_path, seconds=2)
    assert (silent.diagnosis.finding, gone.diagnosis.finding) == (Finding.SILENT_SERVER, Finding.UNREACHABLE)


def test_ports_are_found_once_and_by_their_lasting_name(tmp_path: Path) -> None:
    """A cable has several names under /dev; the one that stays the same is shown."""
    (tmp_path / "serial" / "by-id").mkdir(parents=True)
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "ttyACM0").touch()
    lasting = tmp_path / "serial" / "by-id" / "usb-FTDI"
    lasting.symlink_to(tmp_path / "ttyUSB0")
    assert found_ports(tmp_path) == [str(lasting), str(tmp_path / "ttyACM0")]


def test_every_finding_has_advice() -> None:
    """Whatever is wrong, something to do is said; only where all is well nothing needs to be."""
    own = {Finding.NO_PERMISSION, Finding.IN_USE, Finding.WELL}
    assert set(Finding) - own == set(ADVICE)


def test_the_command_says_meter_line_and_interval(tmp_path: Path) -> None:
    """On a healthy port the command names the meter, its line and its interval, and the code is 0."""
    with P1Port([telegram()], interval_s=1) as port:
        result = meterkast("doctor", port.device, directory=tmp_path)
    said = result.stdout.decode()
    assert result.returncode == 0, said
    for words in (
        r"line +115200 8N1",
        r"telegrams +3, one every 1 s",
        r"meter +MKS5",
        r"version +50",
        "OK: All is well",
    ):
        assert re.search(words, said), said


def test_a_source_that_is_none_is_refused(tmp_path: Path) -> None:
    """A mistyped source is one sentence with what was meant, code 2."""
    result = meterkast("doctor", "simulater:nl-dsmr5", directory=tmp_path)
    assert result.returncode == 2
    assert result.stderr == b"meterkast: 'simulater:nl-dsmr5' is not a source: did you mean simulator?\n"
