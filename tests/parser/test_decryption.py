"""Ciphered telegrams (DLMS general-glo-ciphering as Luxembourg and Austria use it)."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from meterkast_contracts.messages import RejectReason
from meterkast_parser.decryption import DEFAULT_AUTHENTICATION_KEY, decrypt, is_ciphered
from meterkast_parser.errors import TelegramError

from tests.parser.telegrams import DSMR_5

KEY = bytes(range(16))
TITLE = b"MKTtitle"
COUNTER = bytes([0, 0, 1, 2])


def ciphered(plain: bytes, *, key: bytes = KEY, control: bytes = b"\x30") -> bytes:
    """Encrypt with the other half of the library, whose tag has 16 bytes; a frame holds the first 12."""
    sealed = AESGCM(key).encrypt(TITLE + COUNTER, plain, control + DEFAULT_AUTHENTICATION_KEY)[:-4]
    body = control + COUNTER + sealed
    return b"\xdb\x08" + TITLE + b"\x82" + len(body).to_bytes(2, "big") + body


def test_frame_opens_with_its_key() -> None:
    """A ciphered telegram comes out byte for byte."""
    frame = ciphered(DSMR_5)
    assert is_ciphered(frame)
    assert decrypt(frame, key=KEY) == DSMR_5


def test_short_frame_has_a_short_length() -> None:
    """A frame below 128 bytes states its length in one byte."""
    frame = ciphered(b"/X\r\n")
    short = frame[:10] + frame[12:13] + frame[13:]
    assert decrypt(short, key=KEY) == b"/X\r\n"


@pytest.mark.parametrize("position", [3, 13, 14, 17, 40, -1])
def test_changed_frame_is_refused(position: int) -> None:
    """One changed bit anywhere, or another key, makes the frame refused for its decryption."""
    frame = bytearray(ciphered(DSMR_5))
    frame[position] ^= 1
    with pytest.raises(TelegramError, match="key") as refusal:
        decrypt(bytes(frame), key=KEY)
    assert refusal.value.reason is RejectReason.DECRYPTION
    with pytest.raises(TelegramError, match="key"):
        decrypt(ciphered(DSMR_5), key=bytes(16))


@pytest.mark.parametrize("length", [2, 10, 12, 30, 500])
def test_cut_frame_is_refused(length: int) -> None:
    """A frame that ends early is refused as cut."""
    with pytest.raises(TelegramError) as refusal:
        decrypt(ciphered(DSMR_5)[:length], key=KEY)
    assert refusal.value.reason is RejectReason.TRUNCATED
