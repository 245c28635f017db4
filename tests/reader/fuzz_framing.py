"""Fuzzes framing with atheris: `uv sync --group fuzz && python -m tests.reader.fuzz_framing -max_total_time=60`."""

import sys

import atheris

with atheris.instrument_imports():
    from meterkast_reader.crc import check
    from meterkast_reader.framing import LIMIT, Frame, Framer

from tests.reader.telegrams import WHOLE

SEEDS = b"".join(WHOLE)


def accounted(stream: bytes, chunk: int) -> list[bytes]:
    """Telegrams of a stream; fails unless every byte is in one event and memory stays bounded."""
    framer = Framer()
    events = []
    for start in range(0, len(stream), chunk):
        events += framer.feed(stream[start : start + chunk])
        assert framer.held <= 2 * LIMIT
    events += framer.close()
    lengths = [len(event.data) if isinstance(event, Frame) else event.length for event in events]
    assert sum(lengths) == len(stream)
    frames = [event.data for event in events if isinstance(event, Frame)]
    for frame in frames:
        check(frame)
    return frames


def fuzz(data: bytes) -> None:
    """Arbitrary bytes, also between whole telegrams, in two ways of chunking."""
    provider = atheris.FuzzedDataProvider(data)
    chunk = provider.ConsumeIntInRange(1, 4096)
    noise = provider.ConsumeBytes(sys.maxsize)
    stream = noise + SEEDS + noise
    assert accounted(stream, chunk) == accounted(stream, len(stream))


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()
