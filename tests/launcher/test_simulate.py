import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.launcher.command import meterkast


def test_the_same_options_give_the_same_bytes(tmp_path: Path) -> None:
    """A seed and a start decide every byte, and another seed is another house."""
    command = ("simulate", "nl-dsmr5", "--start", "2026-01-15T10:30", "--count", "5")
    first, again, other = (
        meterkast(*command, *more, directory=tmp_path).stdout for more in ((), ("--seed", "1"), ("--seed", "2"))
    )
    assert first == again != other
    assert first.count(b"\r\n!") == 5


def test_simulated_telegrams_can_be_parsed(tmp_path: Path) -> None:
    """What simulate writes, parse reads, at the times that were asked for."""
    simulated = meterkast(
        "simulate", "be-emucs", "--start", "2026-06-21", "--step", "900", "--count", "4", directory=tmp_path
    )
    result = meterkast("parse", directory=tmp_path, stdin=simulated.stdout)
    readings = [json.loads(line, parse_float=Decimal) for line in result.stdout.splitlines()]
    assert (result.returncode, result.stderr) == (0, b"")
    assert [reading["measured_at"] for reading in readings] == [
        "2026-06-20T22:00:00Z",
        "2026-06-20T22:15:00Z",
        "2026-06-20T22:30:00Z",
        "2026-06-20T22:45:00Z",
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nl-dsmr6",), "meterkast: no meter speaks the dialect 'nl-dsmr6': did you mean nl-dsmr"),
        (("--start", "yesterday"), "meterkast: 'yesterday' is no time: write it as 2026-01-15"),
    ],
)
def test_a_wrong_wish_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """An unknown dialect or time is refused with what would be right, code 2."""
    result = meterkast("simulate", *arguments, directory=tmp_path)
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.decode().startswith(sentence)
