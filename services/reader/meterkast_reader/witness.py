"""Finding out that a broker has gone back in time.

A broker that is killed comes back with what it had saved last, which may be half an hour old, and may know our session
all the same. Our own retained DeviceInfo tells: it should still be the last one that the broker acknowledged.
"""

from contextlib import suppress
from hashlib import sha256
from pathlib import Path


class Witness:
    """Remembers the retained message the broker should hold, over restarts too."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._possible: list[str] = []

    def recall(self) -> None:
        """Take over what an earlier process knew."""
        with suppress(OSError, UnicodeDecodeError):
            self._possible = [self._file.read_text(encoding="ascii")]

    def sent(self, payload: bytes) -> None:
        """From now on the broker may hold this one."""
        self._possible.append(_digest(payload))

    def acknowledged(self, payload: bytes) -> None:
        """The broker holds this one, or a later one."""
        digest = _digest(payload)
        if digest in self._possible:
            del self._possible[: self._possible.index(digest)]
            with suppress(OSError):
                self._file.write_text(digest, encoding="ascii")

    def contradicted_by(self, payload: bytes) -> bool:
        """Whether the broker holds one that it should have replaced."""
        return bool(self._possible) and _digest(payload) not in self._possible


def _digest(payload: bytes) -> str:
    return sha256(payload).hexdigest()
