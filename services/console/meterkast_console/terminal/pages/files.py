"""Files and space: what the data folder of this machine holds."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from meterkast_console.terminal.figures import size
from meterkast_console.terminal.line import Line, Span, Style, line
from meterkast_console.terminal.pages.board import fact
from meterkast_console.terminal.view import View

MOST = 500


@dataclass(frozen=True, slots=True)
class Folder:
    """What was found in a folder: the space on its disk, and its files by how much they take."""

    path: Path
    total: int
    free: int
    files: tuple[tuple[str, int], ...]

    def __call__(self, _view: View) -> list[Line]:
        """Space first, then the files, the largest first."""
        used = sum(count for _, count in self.files)
        return [
            fact("folder", self.path),
            fact("files take", size(used)),
            fact("disk", f"{size(self.free)} of {size(self.total)} free"),
            Line(),
            *(line(Span(f"  {size(count):>10}  ", Style.FAINT), name) for name, count in self.files[:MOST]),
        ]


def look_into(path: Path) -> Folder:
    """Look into a folder of this machine; raises OSError."""
    disk = shutil.disk_usage(path)
    found = [(str(file.relative_to(path)), _size(file)) for file in path.rglob("*") if not file.is_symlink()]
    kept = sorted(((name, count) for name, count in found if count is not None), key=lambda one: (-one[1], one[0]))
    return Folder(path, disk.total, disk.free, tuple(kept))


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size if file.is_file() else None
    except OSError:
        return None
