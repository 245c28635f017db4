"""Ciphered telegrams of Luxembourg and Austria: general-glo-ciphering with AES-128-GCM (DLMS Green Book §9.2.7).

A frame is `DB 08 <system title, 8> <length> 30 <frame counter, 4> <ciphertext> <tag, 12>`.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import GCM
from meterkast_contracts.messages import RejectReason

from meterkast_parser.errors import TelegramError

START = b"\xdb\x08"
DEFAULT_AUTHENTICATION_KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
"""The authentication key of every Smarty meter (Luxembourg P1 specification 1.1.3, §3.2.5)."""

_TITLE = slice(2, 10)
_COUNTER_LENGTH = 4
_TAG_LENGTH = 12
_LONG_LENGTHS = {0x81: 1, 0x82: 2}


def is_ciphered(raw: bytes) -> bool:
    """Whether the bytes begin like a ciphered frame."""
    return raw.startswith(START)


def decrypt(raw: bytes, *, key: bytes, authentication_key: bytes = DEFAULT_AUTHENTICATION_KEY) -> bytes:
    """Return the telegram in a ciphered frame; raise TelegramError when it is cut or does not belong to the key."""
    if len(raw) < _TITLE.stop + 1:
        raise TelegramError(
            RejectReason.TRUNCATED, f"a ciphered frame has more than {len(raw)} bytes", position=len(raw)
        )
    length_bytes = _LONG_LENGTHS.get(raw[_TITLE.stop], 0)
    start = _TITLE.stop + 1 + length_bytes
    length = int.from_bytes(raw[_TITLE.stop + 1 : start], "big") if length_bytes else raw[_TITLE.stop]
    body = raw[start : start + length]
    if len(body) != length or length <= 1 + _COUNTER_LENGTH + _TAG_LENGTH:
        detail = f"the ciphered frame says {length} bytes and holds {len(body)}"
        raise TelegramError(RejectReason.TRUNCATED, detail, position=len(raw))
    control, counter = body[:1], body[1 : 1 + _COUNTER_LENGTH]
    ciphertext, tag = body[1 + _COUNTER_LENGTH : -_TAG_LENGTH], body[-_TAG_LENGTH:]
    mode = GCM(raw[_TITLE] + counter, tag, min_tag_length=_TAG_LENGTH)
    decryptor = Cipher(AES128(key), mode).decryptor()
    decryptor.authenticate_additional_data(control + authentication_key)
    try:
        return decryptor.update(ciphertext) + decryptor.finalize()
    except InvalidTag:
        detail = "the ciphered frame does not belong to this key: check the key that the grid operator gave you"
        raise TelegramError(RejectReason.DECRYPTION, detail, position=start) from None
