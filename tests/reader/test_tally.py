from meterkast_reader.framing import Discarded, Frame, Reason
from meterkast_reader.tally import NOISE_AFTER_S, Tally

from tests.reader.telegrams import CIPHERED, WITH_CRC


class Clock:
    """Time as the test says."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def noise(length: int) -> Discarded:
    return Discarded(Reason.NOISE, 0, length, b"")


def test_noise_without_telegrams_becomes_trouble() -> None:
    """Bytes that are no telegrams for a minute are worth a sentence; a telegram ends it, silence is none."""
    clock = Clock()
    tally = Tally("noise", clock=clock)
    clock.now += NOISE_AFTER_S + 1
    assert tally.trouble("serial:/dev/ttyUSB0") is None
    tally.discarded(noise(100))
    assert "bytes come from serial:/dev/ttyUSB0 but no telegram" in str(tally.trouble("serial:/dev/ttyUSB0"))
    tally.telegram(Frame(WITH_CRC, 0))
    assert tally.trouble("serial:/dev/ttyUSB0") is None
    clock.now += NOISE_AFTER_S + 1
    assert tally.trouble("serial:/dev/ttyUSB0") is None


def test_each_thing_is_counted_as_what_it_is() -> None:
    """Blank lines are nothing; a cut telegram counts as such and by its bytes; ciphered telegrams have no checksum."""
    tally = Tally("counts")
    for event in (Discarded(Reason.BLANK, 0, 2, b"\r\n"), Discarded(Reason.TRUNCATED, 2, 50, b"/"), noise(7)):
        tally.discarded(event)
    for telegram in (Frame(WITH_CRC, 0), Frame(WITH_CRC[:-4] + b"00\r\n", 0), Frame(CIPHERED, 0, ciphered=True)):
        tally.telegram(telegram)
    assert tally.counters == {"discarded_bytes": 57, "truncated_telegrams": 1, "telegrams": 3, "crc_errors": 1}
