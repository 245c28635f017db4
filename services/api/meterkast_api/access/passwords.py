"""Passwords: how long they are, and their argon2id hashes."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

SHORTEST = 8
LONGEST = 1024
AT_ONCE = 2
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's least: 19 MiB, fit for a Pi


def complaint(password: str) -> str | None:
    """What is wrong with a new password, or None."""
    if len(password) < SHORTEST:
        return f"a password has at least {SHORTEST} characters"
    return f"a password has at most {LONGEST} characters" if len(password) > LONGEST else None


def hash_password(password: str) -> str:
    """The hash that is kept; takes some 20 ms on a desktop, and a second on a small Pi."""
    return _HASHER.hash(password)


def fits(hash_: str, password: str) -> bool:
    """Whether the hash is that of this password."""
    try:
        return len(password) <= LONGEST and _HASHER.verify(hash_, password)
    except VerificationError:
        return False


class Hashing:
    """Hashes beside the event loop, two at once, so that neither time nor memory can be used up."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        """The hash that is kept."""
        async with self._places:
            return await asyncio.to_thread(hash_password, password)

    async def fits(self, hash_: str, password: str) -> bool:
        """Whether the hash is that of this password."""
        async with self._places:
            return await asyncio.to_thread(fits, hash_, password)
