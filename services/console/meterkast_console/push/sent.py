"""What has been sent where: a small file, so that only what has changed is sent again."""

import json
from pathlib import Path

WORTH_RESUMING = 1 << 18
"""Smaller files are sent again sooner than noted."""


class Sent:
    """Versions of files at one destination; of another nothing is known."""

    def __init__(self, file: Path, destination: str) -> None:
        self._file = file
        self._destination = destination
        self._whole: dict[str, str] = {}
        self._half: dict[str, str] = {}

    def load(self) -> None:
        """Read what was noted; where that cannot be read, everything is sent again."""
        try:
            noted = json.loads(self._file.read_text())
            if noted["destination"] == self._destination:
                self._whole, self._half = dict(noted["whole"]), dict(noted["half"])
        except (OSError, ValueError, KeyError, TypeError):
            self.forget()

    def forget(self) -> None:
        """Have everything sent again."""
        self._whole, self._half = {}, {}

    def has(self, path: str, version: str) -> bool:
        """Whether this version is there."""
        return self._whole.get(path) == version

    def began(self, path: str, version: str, size: int) -> bool:
        """Note that a version is being sent; return whether a part of the same one may be there."""
        same = self._half.get(path) == version
        if size >= WORTH_RESUMING and not same:
            self._half[path] = version
            self.save()
        return same

    def finished(self, path: str, version: str) -> None:
        """Note that a version is there."""
        self._half.pop(path, None)
        self._whole[path] = version

    def save(self) -> None:
        """Write down what was noted."""
        noted = {"destination": self._destination, "whole": self._whole, "half": self._half}
        half = self._file.with_suffix(".half")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(json.dumps(noted, separators=(",", ":")))
        half.replace(self._file)
