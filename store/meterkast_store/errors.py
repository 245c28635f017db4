"""The errors of history.

StoreError (a MeterkastError)
├── StoreUnavailableError   the same call can succeed later: busy, full, read-only, away
├── StoreDamagedError       the database is broken or not ours; retrying does not help
└── StoreSettingsError      the url or another setting makes no sense
"""

from meterkast_runtime.errors import MeterkastError


class StoreError(MeterkastError):
    """History could not be read or written: what was tried where, why it failed and what to do."""

    def __init__(self, operation: str, place: str, reason: str, *, hint: str) -> None:
        super().__init__(f"cannot {operation} {place}: {reason}", hint=hint)
        self.operation = operation
        self.place = place
        self.reason = reason


class StoreUnavailableError(StoreError):
    """The database is away, busy, full or read-only: the same call can succeed later."""


class StoreDamagedError(StoreError):
    """The database is broken or not ours: retrying does not help."""


class StoreSettingsError(StoreError):
    """The settings of the store make no sense."""
