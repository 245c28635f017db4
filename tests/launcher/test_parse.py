import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.collection import ABSENT, FOLDER, manifest
from tests.launcher.command import meterkast
from tests.launcher.telegrams import LINES_5, OLD, telegram


def test_each_good_telegram_is_one_line_of_json(tmp_path: Path) -> None:
    """A file of two telegrams gives two readings with exact values, nothing on standard error and code 0."""
    (tmp_path / "two.txt").write_bytes(telegram() + OLD)
    result = meterkast("parse", "two.txt", directory=tmp_path)
    first, second = (json.loads(line, parse_float=Decimal) for line in result.stdout.splitlines())
    assert (result.returncode, result.stderr) == (0, b"")
    assert (first["energy_import_t1_kwh"], first["power_import_w"]) == (Decimal("123.456"), 424)
    assert (first["measured_at"], first["gateway"]) == ("2026-01-15T09:30:00Z", "home")
    assert (second["power_import_w"], "measured_at" in second) == (980, False)


def test_standard_input_is_read_when_no_file_is_named(tmp_path: Path) -> None:
    """Without a file, and as `-`, telegrams come from standard input."""
    for arguments in (("parse",), ("parse", "-")):
        result = meterkast(*arguments, directory=tmp_path, stdin=telegram())
        assert (result.returncode, len(result.stdout.splitlines())) == (0, 1)


def test_each_bad_telegram_is_one_line_with_file_offset_and_reason(tmp_path: Path) -> None:
    """A damaged telegram between two good ones is named by its offset, spoils no other, and makes the code 1."""
    good = telegram()
    damaged = good.replace(b"00.424", b"00.425")
    (tmp_path / "three.txt").write_bytes(good + damaged + good)
    result = meterkast("parse", "three.txt", directory=tmp_path)
    assert (result.returncode, len(result.stdout.splitlines())) == (1, 2)
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith(f"three.txt:{len(good)}: crc: checksum is ")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (telegram()[:200] + telegram(), "bad.bin:0: truncated: 200 bytes of a telegram that has no end"),
        (telegram()[60:], "bad.bin:0: truncated: "),
        (b"\x00\xff" * 500_000, "bad.bin:0: there is no telegram in it"),
        (b"/MKS5\\TEST\r\n\r\n!\r\n", "bad.bin:0: empty: "),
        (b"", "bad.bin:0: there is no telegram in it"),
    ],
    ids=["cut", "headless", "noise", "empty", "nothing"],
)
def test_every_kind_of_damage_is_named(tmp_path: Path, damage: bytes, reason: str) -> None:
    """Cut, headless, empty or no telegram at all: each is said in one sentence and gives code 1."""
    (tmp_path / "bad.bin").write_bytes(damage)
    result = meterkast("parse", "bad.bin", directory=tmp_path)
    assert result.returncode == 1
    assert any(line.startswith(reason) for line in result.stderr.decode().splitlines()), result.stderr


def test_without_crc_a_telegram_with_a_wrong_one_is_read(tmp_path: Path) -> None:
    """`--no-crc` takes a telegram whose CRC is wrong; a line that cannot be read becomes a warning."""
    lines = [line.replace("000654.321", "0006x4.321") for line in LINES_5]
    damaged = telegram(*lines)[:-6] + b"0000\r\n"
    result = meterkast("parse", "--no-crc", directory=tmp_path, stdin=damaged)
    reading = json.loads(result.stdout)
    assert (result.returncode, reading["energy_import_t1_kwh"]) == (0, 123.456)
    assert "energy_import_t2_kwh" not in reading
    assert len(reading["warnings"]) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("parse", "--key", "12AB"), "meterkast: the key is not 32 hexadecimal digits: "),
        (("parse", "--timezone", "Mars/Olympus"), "meterkast: 'Mars/Olympus' is not a time zone: "),
        (("parse", "--gateway", "Ünser Haus"), "meterkast: 'Ünser Haus' is not a gateway name: "),
    ],
)
def test_a_wrong_option_is_one_clear_sentence(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """What a person has mistyped is one sentence on standard error, with what to do, and code 2."""
    result = meterkast(*arguments, directory=tmp_path)
    assert (result.returncode, result.stdout) == (2, b"")
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith(sentence)


def test_a_missing_file_does_not_keep_the_others_from_being_read(tmp_path: Path) -> None:
    """A file that cannot be read is one line, and the next file is parsed all the same."""
    (tmp_path / "good.txt").write_bytes(telegram())
    result = meterkast("parse", "none.txt", "good.txt", directory=tmp_path)
    assert (result.returncode, len(result.stdout.splitlines())) == (1, 1)
    assert result.stderr.decode().splitlines() == ["none.txt: cannot be read: No such file or directory"]


def test_the_collection_is_read_or_refused_as_its_manifest_says(tmp_path: Path) -> None:
    """Every telegram whose CRC holds or is absent is read, every other one is named, and `--no-crc` reads them all."""
    rows = manifest()
    if not rows:
        pytest.skip(ABSENT.kwargs["reason"])
    good = [str(FOLDER / row["file"]) for row in rows if row["crc_ok"] in ("yes", "n/a")]
    other = [str(FOLDER / row["file"]) for row in rows if row["crc_ok"] not in ("yes", "n/a")]
    accepted = meterkast("parse", *good, directory=tmp_path)
    refused = meterkast("parse", *other, directory=tmp_path)
    lenient = meterkast("parse", "--no-crc", *other, directory=tmp_path)
    assert accepted.returncode == 0, accepted.stderr.decode()
    assert len(accepted.stdout.splitlines()) >= len(good)
    assert (refused.returncode, refused.stdout) == (1, b"")
    assert len(refused.stderr.splitlines()) == len(other)
    assert len(lenient.stdout.splitlines()) == len(other)
