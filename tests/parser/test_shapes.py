"""Reading by position gives what reading line by line gives."""

from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastcrc import crc16
from hypothesis import given, settings
from hypothesis import strategies as st
from meterkast_contracts.messages import Reading
from meterkast_parser.decode import decode
from meterkast_parser.errors import TelegramError
from meterkast_parser.shapes import Shapes
from meterkast_parser.times import LocalTimes

from tests.collection import each, telegrams
from tests.parser.telegrams import BELGIAN, DSMR_5, IN_ANOTHER_UNIT, OLD, WRAPPED

ZONE = ZoneInfo("Europe/Amsterdam")
UNHURRIED = settings(deadline=None)


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


@each("path", telegrams())
def test_real_telegrams_read_the_same_by_position(path: Path) -> None:
    """Every real telegram gives the same reading by position as line by line."""
    raw = path.read_bytes()
    assert read(raw, acquainted(raw)) == read(raw)


@pytest.mark.parametrize("raw", [DSMR_5, BELGIAN, OLD, WRAPPED, IN_ANOTHER_UNIT])
@UNHURRIED
@given(data=st.data())
def test_any_digits_read_the_same_by_position(raw: bytes, data: st.DataObject) -> None:
    """Whatever digits stand where digits stood, also in codes and times, both ways agree."""
    shapes = acquainted(raw)
    places = [place for place, byte in enumerate(raw) if chr(byte).isdigit()]
    changed = bytearray(raw)
    for place in data.draw(st.lists(st.sampled_from(places), max_size=8)):
        changed[place] = ord(data.draw(st.sampled_from("0123456789")))
    assert read(bytes(changed), shapes) == read(bytes(changed))


@pytest.mark.parametrize("raw", [DSMR_5, BELGIAN, OLD, WRAPPED, IN_ANOTHER_UNIT])
@UNHURRIED
@given(data=st.data())
def test_what_a_mask_lets_through_reads_the_same(raw: bytes, data: st.DataObject) -> None:
    """Whatever stands where a digit or a time's letter stood, the reading is that of the lines."""
    shapes = acquainted(raw)
    places = [place for place, byte in enumerate(raw) if chr(byte) in "0123456789SW"]
    changed = bytearray(raw)
    for place in data.draw(st.lists(st.sampled_from(places), max_size=4)):
        changed[place] = ord(data.draw(st.sampled_from("0123456789:;<=>?SW")))
    assert read(bytes(changed), shapes) == read(bytes(changed))


@pytest.mark.parametrize("raw", [DSMR_5, BELGIAN, OLD, WRAPPED, IN_ANOTHER_UNIT])
def test_the_third_telegram_of_a_shape_is_read_by_position(raw: bytes) -> None:
    """Two telegrams make a shape known; other digits and the other letter of times do not change it."""
    shapes = acquainted(raw)
    body = raw[: raw.index(b"\n!") + 1].replace(b"261123123456W", b"260723123456S").replace(b"34.5", b"35.6")
    assert shapes.read(body, body.decode("latin-1"), LocalTimes(ZONE)) is not None


@each("path", telegrams())
def test_a_reading_by_position_is_valid(path: Path) -> None:
    """Validating the fields of a reading gives the same reading: nothing unchecked is in it."""
    raw = path.read_bytes()
    reading = read(raw, acquainted(raw))
    if isinstance(reading, Reading):
        assert Reading.model_validate(reading.model_dump()) == reading
        assert reading.model_copy() == reading


def test_shapes_stay_bounded() -> None:
    """Telegrams of ever new shapes, of one length or of many, leave no more than the limits behind."""
    shapes = Shapes()
    for number in range(1500):
        raw = DSMR_5.replace(b"0-0:96.13.0()", b"0-0:96.13.0(" + b"A" * number + b")")
        for _ in range(2):
            read(raw, shapes)
    assert 0 < len(shapes) <= Shapes.LIMIT
    shapes = Shapes()
    for letters in product(b"ABCDEFGH", repeat=2):
        raw = DSMR_5.replace(b"0-0:96.13.0()", b"0-0:96.13.0(" + bytes(letters) + b")")
        for _ in range(2):
            read(raw, shapes)
    assert 0 < len(shapes) <= Shapes.ALIKE


def test_crc_is_that_of_the_specification() -> None:
    """The CRC is CRC-16/ARC, as the check value 0xBB3D of '123456789' says (DSMR 5.0.2 P1 §6.2)."""
    assert crc16.arc(b"123456789") == 0xBB3D
