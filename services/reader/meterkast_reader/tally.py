"""What a gateway has read so far, and what that says about its line."""

import math
import time
from collections import Counter
from collections.abc import Callable

from meterkast_runtime.log import get_logger

from meterkast_reader.crc import Checksum, check
from meterkast_reader.framing import Discarded, Frame, Reason
from meterkast_reader.metrics import METRICS

SAY_EVERY_S = 60.0
NOISE_AFTER_S = 60.0

log = get_logger("reader")


class Tally:
    """Counts telegrams, checksum errors and lost bytes of one gateway."""

    def __init__(self, gateway: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.counters: Counter[str] = Counter(telegrams=0, crc_errors=0, discarded_bytes=0)
        self._gateway = gateway
        self._clock = clock
        self._telegram_at = clock()
        self._noise_then = 0
        self._said_at: dict[Reason, float] = {}

    def telegram(self, frame: Frame) -> None:
        """Count a telegram; one whose checksum is wrong counts as both."""
        self._count("telegrams")
        if not frame.ciphered and check(frame.data) is Checksum.BAD:
            self._count("crc_errors")
        self._telegram_at = self._clock()
        self._noise_then = self.counters["discarded_bytes"]

    def discarded(self, event: Discarded) -> None:
        """Count bytes that were no telegram; a telegram cut or damaged on the way is said, at most once a minute."""
        if event.reason is Reason.BLANK:
            return
        self._count("discarded_bytes", event.length)
        if event.reason is Reason.NOISE:
            return
        self._count(f"{event.reason}_telegrams")
        now = self._clock()
        if now - self._said_at.get(event.reason, -math.inf) >= SAY_EVERY_S:
            self._said_at[event.reason] = now
            so_far = self.counters[f"{event.reason}_telegrams"]
            sentence = "Telegrams get lost on the line: check the cable and its power"
            log.warning(sentence, gateway=self._gateway, reason=event.reason, so_far=so_far)

    def trouble(self, address: str) -> str | None:
        """A sentence when bytes come and none of them has been a telegram for a minute."""
        noise = self.counters["discarded_bytes"] - self._noise_then
        if not noise or self._clock() - self._telegram_at < NOISE_AFTER_S:
            return None
        return (
            f"bytes come from {address} but no telegram: the signal may be inverted, the speed wrong or the cable "
            "damaged; stop the reader and run meterkast doctor on it"
        )

    def _count(self, name: str, amount: int = 1) -> None:
        self.counters[name] += amount
        METRICS.count(self._gateway, name, amount)
