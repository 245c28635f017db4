from datetime import UTC, datetime

from meterkast_contracts.messages import Rejected, RejectReason
from meterkast_parser.errors import TelegramError
from meterkast_parser.rejections import RejectionLog

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ERROR = TelegramError(RejectReason.CRC, "checksum is ABCD", position=7)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def published(log: RejectionLog, times: int, raw: bytes = b"x") -> list[Rejected]:
    return [message for _ in range(times) if (message := log.reject(ERROR, raw, NOW))]


def test_a_burst_passes_and_a_flood_is_held_back() -> None:
    """Ten refusals pass at once, then one in ten seconds, which says how many were held back; the count is exact."""
    clock = Clock()
    log = RejectionLog("home", clock)
    assert len(published(log, 1000)) == 10
    clock.now += 9.0
    assert published(log, 1) == []
    clock.now += 1.5
    (message,) = published(log, 1)
    assert (message.count, message.suppressed) == (1002, 991)


def test_rejected_carries_the_first_bytes() -> None:
    """A huge telegram is refused with its length and no more than 4,096 of its bytes."""
    (message,) = published(RejectionLog("home", Clock()), 1, b"a" * 100_000)
    assert message.length == 100_000
    assert len(message.payload_base64) == 5464
    assert (message.position, message.reason) == (7, RejectReason.CRC)
