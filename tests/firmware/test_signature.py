"""Signatures as the device checks them, on real MicroPython with the heap of an ESP8266."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.firmware.device import FIRMWARE, Signer, compiled, signer
from tests.firmware.interpreter import CHIP_BYTES, interpreter

MESSAGE = b'{"product":"meterkast-esp01"}'
SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo, RFC 8017, 9.2, note 1
CHECK = """
import gc, json
import signature
from binascii import unhexlify
message, signed, key = (unhexlify(text) for text in json.load(open("case.json")))
gc.collect()
print(signature.verify(message, signed, key))
"""


def verified(folder: Path, message: bytes, signed: bytes, key: bytes) -> bool:
    """Whether the device takes the signature, on nothing but its 38 KB."""
    (folder / "check.py").write_text(CHECK)
    (folder / "signature.mpy").write_bytes(compiled(FIRMWARE / "app" / "signature.py"))
    (folder / "case.json").write_text(json.dumps([part.hex() for part in (message, signed, key)]))
    done = subprocess.run(
        [*interpreter().command, "-X", f"heapsize={CHIP_BYTES}", "check.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return {"True\n": True, "False\n": False}[done.stdout]


def block_of(digest_info: bytes, *, head: bytes = b"\x00\x01", filler: bytes = b"\xff", tail: bytes = b"") -> bytes:
    """An encoded message of 256 bytes as RFC 8017, 9.2, or not quite."""
    room = 256 - len(head) - 1 - len(digest_info) - len(tail)
    return head + filler * room + b"\x00" + digest_info + tail


def raw(block: bytes, key: rsa.RSAPrivateKey) -> bytes:
    """The signature that gives this block."""
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    return pow(int.from_bytes(block, "big"), numbers.d, modulus).to_bytes(256, "big")


def test_a_signature_of_the_key_is_taken(tmp_path: Path) -> None:
    """What the library signs on the host, the device takes, with the key in either form."""
    signed = signer().sign(MESSAGE)
    assert verified(tmp_path, MESSAGE, signed, signer().public())
    assert verified(
        tmp_path, MESSAGE, signed, bytes.fromhex("30820122300d06092a864886f70d01010105000382010f00") + signer().public()
    )


def test_the_block_of_the_test_is_the_one_of_the_standard(tmp_path: Path) -> None:
    """The forgeries below differ from a right block in one point each."""
    good = raw(block_of(SHA256 + hashlib.sha256(MESSAGE).digest()), signer().key)
    assert good == signer().sign(MESSAGE)
    assert verified(tmp_path, MESSAGE, good, signer().public())


INFO = SHA256 + hashlib.sha256(MESSAGE).digest()
SHORT = b"\x00\x01" + b"\xff" * 8 + b"\x00" + INFO
FORGED = {
    "rubbish behind the hash (Bleichenbacher, CRYPTO 2006)": SHORT + b"\x5a" * (256 - len(SHORT)),
    "rubbish inside the algorithm's parameters": block_of(
        bytes.fromhex("3041300d060960864801650304020105100f") + b"\x5a" * 15 + bytes.fromhex("0420") + INFO[-32:]
    ),
    "no parameters": block_of(bytes.fromhex("302f300b0609608648016503040201") + bytes.fromhex("0420") + INFO[-32:]),
    "a filler of something else": block_of(INFO, filler=b"\xfe"),
    "block type 2": block_of(INFO, head=b"\x00\x02"),
    "block type 0": block_of(INFO, head=b"\x00\x00"),
    "another hash": block_of(SHA256 + hashlib.sha256(b"other").digest()),
    "SHA-1": block_of(bytes.fromhex("3021300906052b0e03021a05000414") + hashlib.sha1(MESSAGE).digest()),
    "the hash alone": block_of(INFO[-32:]),
    "one zero byte more at the end": block_of(INFO, tail=b"\x00"),
}


@pytest.mark.parametrize("block", FORGED.values(), ids=FORGED)
def test_a_block_that_is_not_exactly_right_is_refused(tmp_path: Path, block: bytes) -> None:
    """The whole block is compared, so nothing that a lenient reader forgives gets through."""
    assert len(block) == 256
    assert not verified(tmp_path, MESSAGE, raw(block, signer().key), signer().public())


GOOD = signer().sign(MESSAGE)
MODULUS = signer().key.public_key().public_numbers().n
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
WRONG: dict[str, tuple[bytes, bytes, bytes]] = {
    "another message": (MESSAGE + b" ", GOOD, signer().public()),
    "another key": (MESSAGE, GOOD, Signer().public()),
    "first bit": (MESSAGE, bytes([GOOD[0] ^ 1]) + GOOD[1:], signer().public()),
    "last bit": (MESSAGE, GOOD[:-1] + bytes([GOOD[-1] ^ 1]), signer().public()),
    "one byte short": (MESSAGE, GOOD[:-1], signer().public()),
    "one byte more": (MESSAGE, GOOD + b"\0", signer().public()),
    "nothing": (MESSAGE, b"", signer().public()),
    "zeros": (MESSAGE, b"\0" * 256, signer().public()),
    "one": (MESSAGE, (1).to_bytes(256, "big"), signer().public()),
    "above the modulus": (MESSAGE, (MODULUS + 1).to_bytes(256, "big"), signer().public()),
    "all ones": (MESSAGE, b"\xff" * 256, signer().public()),
    "no key": (MESSAGE, GOOD, b""),
    "a key cut short": (MESSAGE, GOOD, signer().public()[:-1]),
    "a key of zeros": (MESSAGE, GOOD, b"\0" * 270),
    "a key of rubbish": (MESSAGE, GOOD, b"\xa5" * 294),
    "a modulus of zero": (MESSAGE, GOOD, signer().public()[:9] + b"\0" * 256 + signer().public()[265:]),
    "an exponent of 3": (MESSAGE, GOOD, signer().public()[:-3] + b"\0\0\x03"),
    "PSS": (MESSAGE, signer().key.sign(MESSAGE, PSS, hashes.SHA256()), signer().public()),
    "SHA-512": (MESSAGE, signer().key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA512()), signer().public()),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_is_not_a_signature_of_the_key_is_refused(tmp_path: Path, case: tuple[bytes, bytes, bytes]) -> None:
    """Tampered, truncated, foreign and nonsensical signatures and keys are refused, and none of them crashes."""
    assert not verified(tmp_path, *case)
