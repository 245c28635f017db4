"""Telegrams made by hand for the tests, in the shapes that meters use."""

from meterkast_reader.crc import seal

WITH_CRC = seal(
    b"/MKT5\\2TESTMETER-1\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(260115120000W)\r\n0-0:96.1.1(4D4B543031)\r\n"
    b"1-0:1.8.1(000123.456*kWh)\r\n1-0:1.8.2(000234.567*kWh)\r\n0-0:96.14.0(0002)\r\n1-0:1.7.0(00.424*kW)\r\n"
    b"0-0:96.13.0()\r\n!"
)
WITHOUT_CRC = (
    b"/MKT5 OLDMETER-1\r\n\r\n0-0:96.1.1(4D4B543032)\r\n1-0:1.8.1(00123.456*kWh)\r\n1-0:1.7.0(0000.42*kW)\r\n"
    b"0-1:24.3.0(160115120000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00733.261)\r\n!\r\n"
)
NO_BAUD_DIGIT = seal(b"/MKT-WARMTE\r\n\r\n1-3:0.2.8(50)\r\n0-1:24.2.1(260115120000W)(4.986*GJ)\r\n!")
HIGH_BYTES = seal(b"/MKT59900000001\r\n\r\n0-0:96.13.0(" + b"\xff" * 1024 + b")\r\n1-0:1.7.0(00.234*kW)\r\n!")
BLANK_BEFORE_END = seal(b"/MKT5\\@V10\r\n\r\n1-0:1.7.0(00.234*kW)\r\n\r\n!")
D0 = b"/MKT5Q3DA1004 V3.04\r\n\r\n1-0:1.8.0*255(00032549.5061662*kWh)\r\n!\r\n  25818685\r\nDE000000000000000003\r\n"
_CONTENT = b"\x30\x00\x00\x00\x07" + bytes(range(256)) + b"\n!1234\r\n/XYZ5\r\n"
CIPHERED = b"\xdb\x08MKT\x00\n\x12/\n\x82" + len(_CONTENT).to_bytes(2, "big") + _CONTENT
WHOLE = (WITH_CRC, WITHOUT_CRC, NO_BAUD_DIGIT, HIGH_BYTES, BLANK_BEFORE_END)


def with_parity(data: bytes) -> bytes:
    """Bit 7 set where a 7E1 line carries a one as parity."""
    return bytes(byte | (0x80 if byte.bit_count() % 2 else 0) for byte in data)
