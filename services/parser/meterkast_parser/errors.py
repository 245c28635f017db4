"""What can be wrong with a telegram."""

from meterkast_contracts.messages import RejectReason


class TelegramError(ValueError):
    """A telegram that must be refused: why, at which byte, and what was seen there."""

    def __init__(self, reason: RejectReason, detail: str, *, position: int | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.position = position


class LineError(ValueError):
    """One data line does not hold what its code promises."""
