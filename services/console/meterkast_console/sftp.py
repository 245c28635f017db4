"""The tree of files over SFTP, to be read only; the SSH server makes one of these for each session that asks."""

import stat
from collections.abc import AsyncIterator, Callable
from posixpath import join, normpath
from typing import Any, BinaryIO, NoReturn, cast

from asyncssh import (
    FXF_APPEND,
    FXF_CREAT,
    FXF_TRUNC,
    FXF_WRITE,
    SFTPAttrs,
    SFTPError,
    SFTPFailure,
    SFTPName,
    SFTPNoSuchFile,
    SFTPPermissionDenied,
    SFTPServer,
    SSHServerChannel,
)
from asyncssh.constants import ACE4_READ_ATTRIBUTES, ACE4_READ_DATA, FXF_ACCESS_DISPOSITION, FXF_OPEN_EXISTING
from meterkast_runtime.errors import MeterkastError

from meterkast_console.files.errors import NotThereError
from meterkast_console.files.tree import Entry, Tree

WRITES = FXF_WRITE | FXF_APPEND | FXF_CREAT | FXF_TRUNC
READS = ACE4_READ_DATA | ACE4_READ_ATTRIBUTES
FOLDER_MODE = stat.S_IFDIR | 0o555
FILE_MODE = stat.S_IFREG | 0o444
Opened = tuple[Entry, BinaryIO]


def sftp_factory(tree: Tree) -> Callable[[SSHServerChannel[bytes]], SFTPServer]:
    """Return what an SSH server is given as `sftp_factory`."""
    return lambda channel: TreeSftp(channel, tree)


class TreeSftp(SFTPServer):
    """One session; whatever would change something is refused, and no path leads to this computer's own files."""

    def __init__(self, channel: SSHServerChannel[bytes], tree: Tree) -> None:
        super().__init__(channel)
        self._tree = tree

    def map_path(self, path: bytes) -> bytes:
        """Paths are the same inside and out."""
        return path

    def reverse_map_path(self, path: bytes) -> bytes:
        """Paths are the same inside and out."""
        return path

    def format_user(self, uid: int | None) -> str:
        """Whose files they are."""
        del uid
        return "meterkast"

    def format_group(self, gid: int | None) -> str:
        """Whose files they are."""
        del gid
        return "meterkast"

    def realpath(self, path: bytes) -> bytes:
        """The path from the root on."""
        return b"/" + _path(path).encode()

    async def stat(self, path: bytes) -> SFTPAttrs:
        """Times and size of what lies at a path."""
        try:
            return _attributes(await self._tree.entry(_path(path)))
        except MeterkastError as error:
            raise _refusal(error) from error

    lstat = stat

    async def scandir(self, path: bytes) -> AsyncIterator[SFTPName]:
        """What lies in a folder."""
        try:
            folder = await self._tree.entry(_path(path))
            entries = await self._tree.entries(_path(path))
        except MeterkastError as error:
            raise _refusal(error) from error
        for name in (b".", b".."):
            yield SFTPName(name, attrs=_attributes(folder))
        for entry in entries:
            yield SFTPName(entry.name.encode(), attrs=_attributes(entry))

    async def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> Opened:
        """Open a file to read it."""
        del attrs
        if pflags & WRITES:
            raise _read_only()
        try:
            return await self._tree.open(_path(path))
        except MeterkastError as error:
            raise _refusal(error) from error

    async def open56(self, path: bytes, desired_access: int, flags: int, attrs: SFTPAttrs) -> Opened:
        """Open a file to read it, as newer versions of the protocol ask for it."""
        if desired_access & ~READS or flags & FXF_ACCESS_DISPOSITION != FXF_OPEN_EXISTING:
            raise _read_only()
        return await self.open(path, 0, attrs)

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """A piece of an open file."""
        file = cast("Opened", file_obj)[1]
        file.seek(offset)
        return file.read(size)

    def fstat(self, file_obj: object) -> SFTPAttrs:
        """Times and size of an open file."""
        return _attributes(cast("Opened", file_obj)[0])

    def close(self, file_obj: object) -> None:
        """Close a file."""
        cast("Opened", file_obj)[1].close()

    def exit(self) -> None:
        """End the session."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse to change anything."""
        del args, kwargs
        raise _read_only()

    write = setstat = lsetstat = fsetstat = remove = mkdir = rmdir = rename = posix_rename = _refuse
    symlink = link = lock = unlock = fsync = readlink = statvfs = fstatvfs = _refuse


def _path(path: bytes) -> str:
    """The path beneath the root; dots are resolved, and never lead above it."""
    try:
        text = path.decode()
    except UnicodeDecodeError as error:
        raise SFTPNoSuchFile("there is no such file") from error
    return normpath(join("/", text)).lstrip("/")


def _attributes(entry: Entry) -> SFTPAttrs:
    at = int(entry.changed.timestamp())
    mode = FOLDER_MODE if entry.is_folder else FILE_MODE
    return SFTPAttrs(size=entry.size or 0, uid=0, gid=0, permissions=mode, atime=at, mtime=at)


def _refusal(error: MeterkastError) -> SFTPError:
    return SFTPNoSuchFile(str(error)) if isinstance(error, NotThereError) else SFTPFailure(str(error))


def _read_only() -> SFTPError:
    return SFTPPermissionDenied("these files can be read only")
