"""Refused telegrams: counted exactly, published and logged at a bounded rate."""

import base64
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from meterkast_contracts.messages import Rejected

from meterkast_parser.errors import TelegramError

_BURST = 10
_SECONDS_PER_MESSAGE = 10.0
_KEPT_BYTES = 4096


class RejectionLog:
    """The refusals of one gateway: a burst passes, a flood becomes one message every ten seconds."""

    def __init__(self, gateway: str, monotonic: Callable[[], float]) -> None:
        self._gateway = gateway
        self._monotonic = monotonic
        self._counts: Counter[str] = Counter()
        self._allowance = float(_BURST)
        self._last = monotonic()
        self._suppressed = 0

    def reject(self, error: TelegramError, raw: bytes, received_at: datetime) -> Rejected | None:
        """Count the refusal, and return its message unless the rate is used up."""
        self._counts[error.reason] += 1
        now = self._monotonic()
        self._allowance = min(_BURST, self._allowance + (now - self._last) / _SECONDS_PER_MESSAGE)
        self._last = now
        if self._allowance < 1:
            self._suppressed += 1
            return None
        self._allowance -= 1
        suppressed, self._suppressed = self._suppressed, 0
        return Rejected(
            gateway=self._gateway, received_at=received_at, reason=error.reason, detail=error.detail,
            position=error.position, count=self._counts[error.reason], suppressed=suppressed, length=len(raw),
            payload_base64=base64.b64encode(raw[:_KEPT_BYTES]).decode("ascii"),
        )  # fmt: skip
