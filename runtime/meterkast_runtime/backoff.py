"""How long to wait before trying again."""

import random


class Backoff:
    """Growing waits with full jitter: each is drawn from 0 to a bound that doubles from `first_s` to `most_s`."""

    def __init__(self, first_s: float = 0.2, most_s: float = 30.0) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._bound_s = first_s

    def next(self) -> float:
        """Seconds to wait now."""
        wait = random.uniform(0, self._bound_s)  # noqa: S311 - it spreads load, it guards nothing
        self._bound_s = min(self._bound_s * 2, self._most_s)
        return wait

    def reset(self) -> None:
        """Begin anew: it has worked."""
        self._bound_s = self._first_s
