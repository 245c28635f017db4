"""Files and space: what the data folder of this machine holds."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from meterkast_console.terminal.figures import size
from meterkast_console.terminal.line import Line, Span, Style, line
from meterkast_console.terminal.pages.board import fact
from meterkast_console.terminal.view import View


@dataclass(frozen=True, slots=True)
class Folder:
    """What was found in a folder: the space on its disk, and what lies in it by how much it takes, with its files."""

    path: Path
    total: int
    free: int
    entries: tuple[tuple[str, int, int], ...]

    def __call__(self, _view: View) -> list[Line]:
        """Space first, then what lies there, the largest first."""
        used = sum(taken for _, taken, _ in self.entries)
        rows = [
            (Span(f"  {size(taken):>10}  ", Style.FAINT), name, files(count)) for name, taken, count in self.entries
        ]
        return [
            fact("folder", self.path),
            fact("files take", size(used)),
            fact("disk", f"{size(self.free)} of {size(self.total)} free"),
            Line(),
            *(line(*row) for row in rows),
        ]


def files(count: int) -> str:
    """How many files, of a folder."""
    return f"  {count} files" if count > 1 else ""


def look_into(path: Path) -> Folder:
    """Look into a folder of this machine; raises OSError."""
    disk = shutil.disk_usage(path)
    entries = [(f"{entry.name}/" if entry.is_dir() else entry.name, *_taken(entry)) for entry in path.iterdir()]
    kept = sorted((entry for entry in entries if entry[2]), key=lambda entry: (-entry[1], entry[0]))
    return Folder(path, disk.total, disk.free, tuple(kept))


def _taken(entry: Path) -> tuple[int, int]:
    """Bytes and number of the files beneath; those that go meanwhile are none."""
    sizes = [found for file in (entry.rglob("*") if entry.is_dir() else (entry,)) if (found := _size(file)) is not None]
    return sum(sizes), len(sizes)


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size if file.is_file() else None
    except OSError:
        return None
