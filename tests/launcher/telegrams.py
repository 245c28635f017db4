"""Telegrams made by hand for the launcher's tests."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastcrc import crc16
from meterkast_parser.decryption import DEFAULT_AUTHENTICATION_KEY

LINES_5 = (
    "1-3:0.2.8(50)",
    "0-0:1.0.0(260115103000W)",
    "0-0:96.1.1(4D4B30303031)",
    "1-0:1.8.1(000123.456*kWh)",
    "1-0:1.8.2(000654.321*kWh)",
    "1-0:2.8.1(000000.001*kWh)",
    "1-0:2.8.2(000000.002*kWh)",
    "0-0:96.14.0(0002)",
    "1-0:1.7.0(00.424*kW)",
    "1-0:2.7.0(00.000*kW)",
)

OLD = (
    b"/KMP5 MK0000000000001\r\n\r\n"
    b"0-0:96.1.1(4D4B30303032)\r\n"
    b"1-0:1.8.1(00185.000*kWh)\r\n"
    b"1-0:1.8.2(00084.000*kWh)\r\n"
    b"0-0:96.14.0(0001)\r\n"
    b"1-0:1.7.0(0000.98*kW)\r\n"
    b"!\r\n"
)
"""DSMR 2.2: no time, no CRC."""


def telegram(*lines: str, identification: str = "MKS5\\TEST") -> bytes:
    """Return a telegram of these data lines with its right CRC."""
    body = "\r\n".join((f"/{identification}", "", *(lines or LINES_5), "!")).encode()
    return body + b"%04X\r\n" % crc16.arc(body)


def ciphered(plain: bytes, key: bytes) -> bytes:
    """Return the telegram in a frame as Luxembourg's and Austria's meters send it."""
    title, control, counter = b"MKS\x00\x00\x00\x00\x01", b"\x30", b"\x00\x00\x00\x07"
    sealed = AESGCM(key).encrypt(title + counter, plain, control + DEFAULT_AUTHENTICATION_KEY)
    body = control + counter + sealed[:-4]  # P1 ports send twelve of the tag's sixteen bytes
    return b"\xdb\x08" + title + b"\x82" + len(body).to_bytes(2, "big") + body
