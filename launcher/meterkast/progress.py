"""How far a long work is, on one line of a terminal."""

import sys
import time

SAY_EVERY_S = 0.2


class Progress:
    """One line on a terminal that says how far it is."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._said_at = 0.0

    def __call__(self, what: str, count: int) -> None:
        """Say it, now and then."""
        if self._shown and time.monotonic() - self._said_at > SAY_EVERY_S:
            self._said_at = time.monotonic()
            sys.stderr.write(f"\r\x1b[K{what} {count:,}…")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
