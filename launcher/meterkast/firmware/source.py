"""Where the firmware's source is, and which of its files go where."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from meterkast.errors import LauncherError

FOLDER = "firmware"
_STARTED_BY_NAME = frozenset({"boot.py", "main.py"})
"""MicroPython runs these two from source, and no others."""


@dataclass(frozen=True, slots=True)
class Source:
    """A folder with `app/` (a slot's files) and `selector/` (what is never updated over the air)."""

    folder: Path

    @classmethod
    def find(cls, folder: Path | None) -> "Source":
        """The folder given, or `firmware` here, above here, or beside this package; raises LauncherError."""
        here = Path.cwd()
        ours = Path(__file__).resolve().parents[3]
        places = [folder] if folder else [path / FOLDER for path in (here, *here.parents, ours)]
        for place in places:
            if (place / "app" / "start.py").is_file():
                return cls(place)
        where = str(folder) if folder else f"{here}, nor above it"
        raise LauncherError(
            f"there is no firmware source in {where}", hint="name its folder with --source, of a clone of Meterkast"
        )

    def version(self) -> tuple[str, int]:
        """Version and sequence of `version.toml`."""
        file = self.folder / "version.toml"
        try:
            said = tomllib.loads(file.read_text(encoding="utf-8"))
            return str(said["version"]), int(said["sequence"])
        except (OSError, ValueError, KeyError) as error:
            raise LauncherError(f"{file} does not say version and sequence: {error}") from error

    def modules(self) -> Iterator[Path]:
        """Python files of a slot, to be compiled."""
        yield from sorted((self.folder / "app").glob("*.py"))

    def pages(self) -> Iterator[Path]:
        """Pages of a slot, to be compressed."""
        yield from sorted((self.folder / "app").glob("*.html"))

    def selector(self) -> Iterator[tuple[Path, bool]]:
        """Files of the selector, and whether each is to be compiled."""
        for path in sorted((self.folder / "selector").glob("*.py")):
            yield path, path.name not in _STARTED_BY_NAME
