"""Where files are sent: the one interface of folders, FTP and SFTP servers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol, Self
from urllib.parse import unquote, urlsplit

HALF = ".part"
"""What a file is called until all of it is there."""


class Kind(StrEnum):
    """The ways to a destination."""

    FOLDER = "file"
    FTP = "ftp"
    FTPS = "ftps"
    SFTP = "sftp"


PORTS = {Kind.FOLDER: 0, Kind.FTP: 21, Kind.FTPS: 21, Kind.SFTP: 22}


@dataclass(frozen=True, slots=True)
class Address:
    """A destination as its URL names it; a server's folder is beneath that of the login, `//` leads to the root."""

    kind: Kind
    folder: str
    host: str = ""
    port: int = 0
    user: str | None = None

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a URL or the path of a folder; raises ValueError with what to do."""
        if "://" not in text:
            return cls(Kind.FOLDER, str(Path(text).expanduser()))
        parts = urlsplit(text)
        if parts.scheme not in set(Kind):
            raise ValueError(f"{text!r} is no destination: use ftp://, ftps:// or sftp://, or the path of a folder")
        if parts.password is not None:
            raise ValueError("a password does not belong in the address: set password beside it")
        kind, folder = Kind(parts.scheme), unquote(parts.path)
        if kind is Kind.FOLDER:
            return cls(kind, folder)
        if not parts.hostname:
            raise ValueError(f"{text!r} names no server: use one such as {kind}://user@nas/meterkast")
        user = unquote(parts.username) if parts.username else None
        return cls(kind, folder.removeprefix("/"), parts.hostname, parts.port or PORTS[kind], user)

    def __str__(self) -> str:
        if self.kind is Kind.FOLDER:
            return self.folder
        user = f"{self.user}@" if self.user else ""
        port = "" if self.port == PORTS[self.kind] else f":{self.port}"
        return f"{self.kind}://{user}{self.host}{port}/{self.folder}"

    def beneath(self, path: str) -> str:
        """The path there of a file of ours."""
        return f"{self.folder.rstrip('/')}/{path}" if self.folder else path


class Destination(Protocol):
    """Takes files one after the other; whatever goes wrong is a PushError."""

    async def __aenter__(self) -> Self:
        """Connect."""

    async def __aexit__(self, *exc: object) -> None:
        """Disconnect; what is half sent stays, to be gone on with."""

    async def half(self, path: str) -> int:
        """How much of a file was sent before, 0 where nothing was."""

    async def send(self, path: str, file: BinaryIO, offset: int) -> None:
        """Send a file from an offset on, under the name that it has until all of it is there."""

    async def finish(self, path: str, size: int, changed: datetime) -> None:
        """Give a file its name, once all of it is there, in place of an older one."""
