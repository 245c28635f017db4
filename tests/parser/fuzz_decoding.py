"""Fuzzes decoding with atheris: `make fuzz`."""

import contextlib
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import atheris

with atheris.instrument_imports():
    from meterkast_contracts.messages import Reading
    from meterkast_parser.decode import decode
    from meterkast_parser.decryption import decrypt
    from meterkast_parser.errors import TelegramError
    from meterkast_parser.shapes import Shapes

from meterkast_reader.simulator import DIALECTS, Meter

ZONE = ZoneInfo("Europe/Amsterdam")
START = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
METERS = [Meter(dialect, 1, starts=START) for dialect in DIALECTS]
SEEDS = [raw for meter in METERS if (raw := meter.telegram(int(START.timestamp())))]
SHAPES = Shapes()


def damaged(provider: atheris.FuzzedDataProvider) -> bytes:
    """A telegram of some dialect with bytes overwritten, left out or put in."""
    raw = bytearray(SEEDS[provider.ConsumeIntInRange(0, len(SEEDS) - 1)])
    for _ in range(provider.ConsumeIntInRange(0, 8)):
        at = provider.ConsumeIntInRange(0, len(raw))
        raw[at : at + provider.ConsumeIntInRange(0, 4)] = provider.ConsumeBytes(provider.ConsumeIntInRange(0, 4))
    return bytes(raw)


def fuzz(data: bytes) -> None:
    """Whatever comes becomes a reading that survives JSON, or is refused by a TelegramError."""
    provider = atheris.FuzzedDataProvider(data)
    check_crc = provider.ConsumeBool()
    raw = damaged(provider) if provider.ConsumeBool() else provider.ConsumeBytes(sys.maxsize)
    with contextlib.suppress(TelegramError):
        decrypt(raw, key=bytes(16))
    with contextlib.suppress(TelegramError):
        reading = decode(raw, gateway="home", received_at=START, zone=ZONE, check_crc=check_crc, shapes=SHAPES)
        assert Reading.from_json(reading.to_json()) == reading


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()
