"""Reading by position gives what reading line by line gives."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastcrc import crc16
from hypothesis import given
from hypothesis import strategies as st
from meterkast_contracts.messages import Reading
from meterkast_parser.decode import decode
from meterkast_parser.errors import TelegramError
from meterkast_parser.shapes import Shapes

from tests.parser.telegrams import BELGIAN, DSMR_5, IN_ANOTHER_UNIT, OLD, WRAPPED, with_crc

ZONE = ZoneInfo("Europe/Amsterdam")
REAL = sorted((Path(__file__).parents[3] / "shared" / "telegrams").glob("*.txt"))


def read(raw: bytes, shapes: Shapes | None = None) -> Reading | str:
    try:
        return decode(raw, gateway="home", received_at=None, zone=ZONE, check_crc=False, shapes=shapes)
    except TelegramError as error:
        return error.detail


def acquainted(raw: bytes) -> Shapes:
    shapes = Shapes()
    for _ in range(3):
        read(raw, shapes)
    return shapes


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_real_telegrams_read_the_same_by_position(path: Path) -> None:
    """Every real telegram gives the same reading by position as line by line."""
    raw = path.read_bytes()
    assert read(raw, acquainted(raw)) == read(raw)


@pytest.mark.parametrize("raw", [DSMR_5, BELGIAN, OLD, WRAPPED, IN_ANOTHER_UNIT])
@given(data=st.data())
def test_any_digits_read_the_same_by_position(raw: bytes, data: st.DataObject) -> None:
    """Whatever digits stand where digits stood, also in codes and times, both ways agree."""
    shapes = acquainted(raw)
    places = [place for place, byte in enumerate(raw) if chr(byte).isdigit()]
    changed = bytearray(raw)
    for place in data.draw(st.lists(st.sampled_from(places), max_size=8)):
        changed[place] = ord(data.draw(st.sampled_from("0123456789")))
    assert read(bytes(changed), shapes) == read(bytes(changed))


def test_shapes_stay_bounded() -> None:
    """Telegrams that never repeat a shape leave no more than the limit behind."""
    shapes = Shapes()
    for number in range(3000):
        raw = with_crc(DSMR_5.replace(b"0-0:96.13.0()", b"0-0:96.13.0(" + b"A" * (number % 1500) + b")"))
        read(raw, shapes)
    assert len(shapes) <= Shapes.LIMIT


def test_crc_is_that_of_the_specification() -> None:
    """The CRC is CRC-16/ARC, as the check value 0xBB3D of '123456789' says (DSMR 5.0.2 P1 §6.2)."""
    assert crc16.arc(b"123456789") == 0xBB3D
