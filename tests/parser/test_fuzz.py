"""Nothing but a TelegramError ever comes out of bytes that are no telegram."""

import contextlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from meterkast_contracts.messages import Reading
from meterkast_parser.decode import decode
from meterkast_parser.decryption import decrypt
from meterkast_parser.errors import TelegramError
from meterkast_parser.shapes import Shapes

from tests.parser.telegrams import BELGIAN, DSMR_5, IN_ANOTHER_UNIT, OLD, WRAPPED

ZONE = ZoneInfo("Europe/Amsterdam")
UNHURRIED = settings(deadline=None)
SHAPES = Shapes()
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CODES = ["1-0:1.8.1", "0-0:1.0.0", "0-1:24.3.0", "0-1:24.2.1", "1-0:1.6.0", "0-0:98.1.0", "1-0:99.97.0", "7-0:23.1.0"]


def attempt(raw: bytes) -> None:
    for check_crc in (True, False):
        with contextlib.suppress(TelegramError):
            reading = decode(raw, gateway="home", received_at=NOW, zone=ZONE, check_crc=check_crc, shapes=SHAPES)
            assert Reading.from_json(reading.to_json()) == reading


@UNHURRIED
@given(st.binary(max_size=400))
@example(b"/MKT5\n\n1-0:1.8.1(\xb2)\n!\n")
def test_any_bytes(raw: bytes) -> None:
    """Any bytes are refused or read, never anything else."""
    attempt(raw)


@UNHURRIED
@given(st.sampled_from([DSMR_5, BELGIAN, OLD, WRAPPED, IN_ANOTHER_UNIT]), st.data())
def test_damaged_telegrams(raw: bytes, data: st.DataObject) -> None:
    """A telegram with any bytes overwritten, cut out or doubled is refused or read."""
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 60)))
    attempt(raw[:start] + data.draw(st.binary(max_size=60)) + raw[end:])


@UNHURRIED
@given(
    st.lists(
        st.tuples(st.sampled_from(CODES), st.lists(st.text("0123456789.*kWhmSVA-:()\r\n", max_size=16), max_size=6))
    )
)
def test_lines_of_known_codes_with_any_groups(lines: list[tuple[str, list[str]]]) -> None:
    """A known code with any groups behind it is refused or read."""
    body = "\r\n".join(code + "".join(f"({group})" for group in groups) for code, groups in lines)
    attempt(f"/MKT5\r\n\r\n{body}\r\n!\r\n".encode())


@UNHURRIED
@given(st.binary(max_size=60))
def test_any_ciphered_bytes(raw: bytes) -> None:
    """Bytes that begin like a ciphered frame are refused when they are none."""
    with pytest.raises(TelegramError):
        decrypt(b"\xdb\x08" + raw, key=bytes(16))
