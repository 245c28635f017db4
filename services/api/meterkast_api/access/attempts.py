"""How often a secret may be guessed: each failure beyond a few doubles the wait."""

import ipaddress
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from meterkast_api.problems import ProblemError

EVERYBODY = "everybody"
MOST_CLIENTS = 10_000
_IPV6_HOME = 64


@dataclass(frozen=True, slots=True)
class Limit:
    """So many failures are free; then one waits 2, 4, 8 … s, up to the longest; all is forgotten after a while."""

    free: int
    longest_s: float
    forgotten_s: float

    def wait_s(self, failures: int) -> float:
        """How long one waits after so many failures."""
        beyond = failures - self.free
        return min(self.longest_s, 2.0 ** min(beyond + 1, 60)) if beyond >= 0 else 0.0


PER_CLIENT = Limit(free=5, longest_s=900, forgotten_s=3600)
OVERALL = Limit(free=50, longest_s=30, forgotten_s=600)


@dataclass(slots=True)
class _Failures:
    count: int
    last: float


class Attempts:
    """Failed attempts by client address and in all; one under way counts as failed until it has succeeded."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures: dict[str, _Failures] = {}

    def begin(self, client: str) -> None:
        """Count one attempt; raises the problem `too-many-attempts` with Retry-After where it comes too soon."""
        now = self._now()
        wait = max(self._left(_home(client), PER_CLIENT, now), self._left(EVERYBODY, OVERALL, now))
        if wait > 0:
            seconds = math.ceil(wait)
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too-many-attempts",
                f"too many wrong attempts: wait {seconds} s, then try again",
                headers={"Retry-After": str(seconds)},
            )
        for key in (_home(client), EVERYBODY):
            failures = self._failures.pop(key, None) or _Failures(0, now)
            self._failures[key] = _Failures(failures.count + 1, now)
        if len(self._failures) > MOST_CLIENTS:
            self._failures.pop(next(key for key in self._failures if key != EVERYBODY))

    def succeeded(self, client: str) -> None:
        """The attempt was right after all, and so is this client."""
        self._failures.pop(_home(client), None)
        if (overall := self._failures.get(EVERYBODY)) is not None:
            overall.count -= 1

    def _left(self, key: str, limit: Limit, now: float) -> float:
        failures = self._failures.get(key)
        if failures is None:
            return 0.0
        if now - failures.last > limit.forgotten_s:
            del self._failures[key]
            return 0.0
        return failures.last + limit.wait_s(failures.count) - now


def _home(client: str) -> str:
    """Whose address it is: an IPv6 home has 2⁶⁴ of them."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, _IPV6_HOME), strict=False))
    return str(address)
