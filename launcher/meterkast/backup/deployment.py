"""The files that `meterkast init` wrote beside compose.yaml, as members of a backup."""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from meterkast.backup.errors import BackupDamagedError
from meterkast.errors import LauncherError

FOLDER = "deployment/"
FILES = (".env",)
FOLDERS = ("secrets", "broker", "certificates")
PRIVATE = 0o700


def saved(folder: Path) -> Iterator[tuple[str, bytes, int]]:
    """Yield name, bytes and mode of each file; raises LauncherError where there is none."""
    paths = [folder / name for name in FILES]
    paths += [path for name in FOLDERS for path in sorted((folder / name).rglob("*"))]
    files = [path for path in paths if path.is_file() and not path.is_symlink()]
    if not files:
        raise LauncherError(
            f"{folder} holds nothing that `meterkast init` wrote", hint="give the folder in which compose.yaml stands"
        )
    for path in files:
        try:
            yield f"{FOLDER}{path.relative_to(folder).as_posix()}", path.read_bytes(), path.stat().st_mode & 0o777
        except OSError as error:
            raise LauncherError(f"{path} cannot be read: {error.strerror}", hint="do it as the files' owner") from error


def place(folder: Path, name: str) -> Path:
    """Return where a member belongs; raises BackupDamagedError where that is nowhere."""
    parts = PurePosixPath(name.removeprefix(FOLDER)).parts
    belongs = parts[:1] == FILES if len(parts) == 1 else parts[:1] and parts[0] in FOLDERS and ".." not in parts
    if not belongs:
        raise BackupDamagedError(f"{name} in the backup belongs nowhere", hint="nothing was changed")
    return folder.joinpath(*parts)


def different(folder: Path, files: Iterable[tuple[str, bytes]]) -> list[str]:
    """Return which of these files stand in the folder with other contents."""
    return [
        name.removeprefix(FOLDER)
        for name, data in files
        if (path := place(folder, name)).exists() and path.read_bytes() != data
    ]


def put(folder: Path, name: str, data: bytes, mode: int) -> None:
    """Write a member where it belongs; a folder made for it is its owner's alone."""
    path = place(folder, name)
    path.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    write(path, data, mode)


def write(path: Path, data: bytes, mode: int) -> None:
    """Write a file, whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_bytes(data)
    fresh.chmod(mode)
    fresh.replace(path)
