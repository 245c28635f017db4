"""The tree as an FTP session sees it: what was looked up before its command, and nothing that can be written."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NoReturn
from zlib import crc32

from pyftpdlib.exceptions import FilesystemError
from pyftpdlib.filesystems import AbstractedFS

from meterkast_console.files.tree import Entry

FOLDER_MODE = stat.S_IFDIR | 0o555
FILE_MODE = stat.S_IFREG | 0o444


class Prepared:
    """What a command needs: an entry, those in a folder, an open file."""

    def __init__(self, entries: Iterable[Entry], inside: Iterable[Entry] = (), file: BinaryIO | None = None) -> None:
        self.inside = {f"/{entry.path}": entry for entry in inside}
        self.entries = {f"/{entry.path}": entry for entry in entries} | self.inside
        self.file = file

    def close(self) -> None:
        """Close the file where nobody has taken it."""
        if self.file is not None:
            self.file.close()


class TreeFilesystem(AbstractedFS):  # type: ignore[misc] # the library has no types
    """Answers from what is prepared; every change is refused."""

    def __init__(self, root: str, cmd_channel: Any) -> None:
        super().__init__(root, cmd_channel)
        self.prepared = Prepared(())

    def ftp2fs(self, ftppath: str) -> str:
        """Paths are the same inside and out."""
        return str(self.ftpnorm(ftppath))

    def fs2ftp(self, fspath: str) -> str:
        """Paths are the same inside and out."""
        return fspath

    def validpath(self, path: str) -> bool:
        """Paths are absolute and without dots when they come here."""
        return path.startswith("/") and ".." not in path.split("/")

    def realpath(self, path: str) -> str:
        """There are no links."""
        return path

    def open(self, filename: str, mode: str) -> BinaryIO:
        """Give the prepared file."""
        file, self.prepared.file = self.prepared.file, None
        if mode != "rb" or file is None:
            raise FilesystemError(f"{filename} can be read only")
        return file

    def chdir(self, path: str) -> None:
        """Go to a folder."""
        if not self._entry(path).is_folder:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        self.cwd = path

    def listdir(self, path: str) -> list[str]:
        """Names of what lies in a folder."""
        self._entry(path)
        return [entry.name for entry in self.prepared.inside.values()]

    def stat(self, path: str) -> os.stat_result:
        """Times and sizes; files are readable to all."""
        entry = self._entry(path)
        at = int(entry.changed.timestamp())
        mode = FOLDER_MODE if entry.is_folder else FILE_MODE
        number = crc32(path.encode())
        return os.stat_result((mode, number, 0, 1, 0, 0, entry.size or 0, at, at, at))

    lstat = stat

    def isfile(self, path: str) -> bool:
        """Whether there is such a file."""
        entry = self.prepared.entries.get(path)
        return entry is not None and not entry.is_folder

    def isdir(self, path: str) -> bool:
        """Whether there is such a folder."""
        entry = self.prepared.entries.get(path)
        return entry is not None and entry.is_folder

    def islink(self, path: str) -> bool:
        """There are no links."""
        del path
        return False

    def lexists(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        return path in self.prepared.entries

    def getsize(self, path: str) -> int:
        """Size of a file in bytes."""
        return self._entry(path).size or 0

    def getmtime(self, path: str) -> float:
        """When it changed last, in Unix seconds."""
        return float(self.stat(path).st_mtime)

    def get_user_by_uid(self, uid: int) -> str:
        """Whose files they are."""
        del uid
        return "meterkast"

    def get_group_by_gid(self, gid: int) -> str:
        """Whose files they are."""
        del gid
        return "meterkast"

    def format_list(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        """The lines of LIST, made at once: while they are sent something else may be looked up."""
        return iter(list(super().format_list(*args, **kwargs)))

    def format_mlsx(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        """The lines of MLSD, made at once."""
        return iter(list(super().format_mlsx(*args, **kwargs)))

    def _entry(self, path: str) -> Entry:
        try:
            return self.prepared.entries[path]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None

    def _refused(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Nothing can be changed."""
        del args, kwargs
        raise FilesystemError("these files can be read only")

    mkstemp = mkdir = rmdir = remove = rename = chmod = utime = readlink = _refused
