"""What is known of files that were made: which version, how large, and whether their bytes are still there."""

import json
from dataclasses import astuple, dataclass
from pathlib import Path

FILE = "index.json"


@dataclass(slots=True)
class Made:
    """A file: times are Unix seconds; not `here` are bytes that had to make room."""

    version: str
    size: int
    made_at: float
    used_at: float
    here: bool = True


class Index:
    """Files by their paths, written down now and then: what was not is made again."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._made: dict[str, Made] = {}

    def load(self) -> None:
        """Read what was written; where that cannot be read, nothing is known."""
        try:
            self._made = {path: Made(*row) for path, row in json.loads(self._file.read_text()).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            self._made = {}

    def save(self) -> None:
        """Write everything down."""
        rows = {path: astuple(made) for path, made in self._made.items()}
        half = self._file.with_suffix(".half")
        half.write_text(json.dumps(rows, separators=(",", ":")))
        half.replace(self._file)

    def get(self, path: str) -> Made | None:
        """What is known of a file."""
        return self._made.get(path)

    def put(self, path: str, made: Made) -> None:
        """Note that a file was made."""
        self._made[path] = made

    def here(self) -> list[tuple[str, Made]]:
        """Files whose bytes are there, the longest unused first."""
        return sorted(
            ((path, made) for path, made in self._made.items() if made.here), key=lambda found: found[1].used_at
        )
