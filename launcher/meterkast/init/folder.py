"""The folder of a deployment: what init finds there, and how it is changed without ever being broken."""

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from meterkast.errors import LauncherError

COMPOSE = "compose.yaml"
FOLDERS = {"secrets": 0o700, "broker": 0o755, "certificates": 0o700}
_MODES = {".env": 0o644, "certificates/ca.key": 0o600, "secrets": 0o444, "broker": 0o644, "certificates": 0o444}
_BACKUP = 0o1777  # containers of other users write there
_OTHERS = 0o007
_UNFINISHED = ".unfinished"


def chosen_folder(given: Path | None, here: Path) -> Path:
    """Return the folder that is meant; raises LauncherError when there is none."""
    if given is not None:
        if given.is_dir():
            return given
        raise LauncherError(f"there is no folder {given}", hint="name the one that holds compose.yaml")
    for folder in (here / "deploy", here):
        if (folder / COMPOSE).is_file():
            return folder
    raise LauncherError(
        f"neither {here / 'deploy'} nor {here} holds {COMPOSE}",
        hint="go to where Meterkast is, or name the folder: meterkast init /path/to/deploy",
    )


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Let one init at a time work here; raises LauncherError for the second."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise LauncherError(f"{folder} cannot be read: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LauncherError(f"another meterkast init works in {folder}", hint="wait for its end") from error
        yield
    finally:
        os.close(descriptor)


def found(folder: Path) -> dict[str, bytes]:
    """Return what is there by its path in the folder; raises LauncherError for what cannot be read."""
    paths = [folder / ".env", *(path for name in FOLDERS for path in sorted((folder / name).glob("*")))]
    try:
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in paths
            if path.is_file() and not path.name.endswith(_UNFINISHED)
        }
    except OSError as error:
        raise LauncherError(f"{error.filename} cannot be read: {error.strerror}") from error


def prepare(folder: Path) -> None:
    """Make the folders that are missing, and remove what a killed run or Docker has left; raises LauncherError."""
    try:
        for name, mode in {**FOLDERS, "backup": _BACKUP}.items():
            _make(folder / name, mode)
        for name in (".", *FOLDERS):
            for left in (folder / name).glob(f"*{_UNFINISHED}"):
                left.unlink()
        for name in FOLDERS:
            # where containers were started first, Docker has made folders in the place of missing files
            for place in (folder / name).iterdir():
                if place.is_dir() and not any(place.iterdir()):
                    place.rmdir()
    except OSError as error:
        raise _unwritable(folder, error) from error


def _make(folder: Path, mode: int) -> None:
    """Make a folder, or close one to others that was made open."""
    if not folder.is_dir():
        folder.mkdir()
        folder.chmod(mode)
    elif not mode & _OTHERS and folder.stat().st_mode & _OTHERS:
        folder.chmod(mode)


def change(folder: Path, contents: Mapping[str, bytes], removed: Iterable[str]) -> None:
    """Write all beside its place first, then put all in place in the order given; raises LauncherError."""
    try:
        for path, content in contents.items():
            _write(folder / path, content, _mode(path))
        for path in removed:
            (folder / path).unlink(missing_ok=True)
        for path in contents:
            _unfinished(folder / path).replace(folder / path)
        for name in {str(Path(path).parent) for path in contents}:
            _sync(folder / name)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> LauncherError:
    hint = "make the folder this user's own, or run init as its owner; it goes on from there"
    return LauncherError(f"{error.filename or folder} cannot be written: {error.strerror}", hint=hint)


def _mode(path: str) -> int:
    return _MODES.get(path) or _MODES[path.partition("/")[0]]


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}{_UNFINISHED}")


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(_unfinished(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.fchmod(descriptor, mode)
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
