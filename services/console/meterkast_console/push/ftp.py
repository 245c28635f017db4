"""An FTP server as destination, with TLS or without."""

import asyncio
import contextlib
import ftplib
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import BinaryIO, Self, TypeVar, cast

from pydantic import SecretStr

from meterkast_console.push.destination import HALF, Address, Kind
from meterkast_console.push.errors import PushError

TIMEOUT_S = 30.0
AT_ONCE = 1 << 16
NOT_LOGGED_IN = "530"
TIMES = ("MFMT", "MDTM")
"""What sets a file's time; vsftpd knows the second only, and some servers neither."""
T = TypeVar("T")


class OneSession(ftplib.FTP_TLS):
    """Goes on with the commands' TLS session for data: most servers ask for it, to know that both are one client's."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Begin a transfer."""
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 - TLS follows
        if self._prot_p:  # type: ignore[attr-defined] # as the library's own method does
            session = cast("ssl.SSLSocket", self.sock).session
            connection = self.context.wrap_socket(connection, server_hostname=self.host, session=session)
        return connection, size


class FtpDestination:
    """Sends files by FTP; the library blocks, so a thread does the work, one step at a time."""

    def __init__(self, address: Address, password: SecretStr | None, *, certificates: ssl.SSLContext | None) -> None:
        self._address = address
        self._password = password
        self._certificates = certificates
        self._ftp = ftplib.FTP(timeout=TIMEOUT_S)  # noqa: S321 - whether TLS is used is the user's choice
        self._folders: set[str] = set()

    async def __aenter__(self) -> Self:
        """Connect and log in."""
        try:
            await self._tried(self._connect)
        except PushError:
            self._ftp.close()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Disconnect."""
        if exc[0] is None:
            try:
                await asyncio.to_thread(self._ftp.quit)
            except (OSError, EOFError, ftplib.Error):
                self._ftp.close()
        self._ftp.close()

    async def half(self, path: str) -> int:
        """How much of a file was sent before."""
        return await self._tried(self._size, self._half(path)) or 0

    async def send(self, path: str, file: BinaryIO, offset: int) -> None:
        """Send a file from an offset on."""
        await self._tried(self._store, path, file, offset)

    async def finish(self, path: str, size: int, changed: datetime) -> None:
        """Give a file its name."""
        await self._tried(self._rename, path, size, changed)

    def _connect(self) -> None:
        if self._address.kind is Kind.FTPS:
            self._ftp = OneSession(timeout=TIMEOUT_S, context=self._certificates)
        self._ftp.connect(self._address.host, self._address.port)
        password = self._password.get_secret_value() if self._password else ""
        self._ftp.login(self._address.user or "anonymous", password)
        if isinstance(self._ftp, ftplib.FTP_TLS):
            self._ftp.prot_p()
        self._ftp.voidcmd("TYPE I")

    def _size(self, path: str) -> int | None:
        try:
            return self._ftp.size(path)
        except ftplib.error_perm:
            return None

    def _store(self, path: str, file: BinaryIO, offset: int) -> None:
        half = self._half(path)
        self._make_folder(PurePosixPath(half).parent)
        file.seek(offset)
        self._ftp.storbinary(f"STOR {half}", file, AT_ONCE, rest=offset or None)

    def _rename(self, path: str, size: int, changed: datetime) -> None:
        half, final = self._half(path), self._address.beneath(path)
        found = self._size(half)
        if found is not None and found != size:
            raise PushError(str(self._address), f"of {path} {found} of {size} bytes are there", hint="it is sent again")
        try:
            self._ftp.rename(half, final)
        except ftplib.error_perm:  # some servers rename onto nothing only
            self._ftp.delete(final)
            self._ftp.rename(half, final)
        for command in TIMES:
            with contextlib.suppress(ftplib.error_perm):
                self._ftp.sendcmd(f"{command} {changed.astimezone(UTC):%Y%m%d%H%M%S} {final}")
                return

    def _make_folder(self, folder: PurePosixPath) -> None:
        """Make a folder and those above it; one that is there is refused, and a missing one is told by the file."""
        for one in (*reversed(folder.parents), folder):
            name = str(one)
            if name in (".", "/", "") or name in self._folders:
                continue
            with contextlib.suppress(ftplib.error_perm):
                self._ftp.mkd(name)
            self._folders.add(name)

    def _half(self, path: str) -> str:
        return f"{self._address.beneath(path)}{HALF}"

    async def _tried(self, work: Callable[..., T], *given: object) -> T:
        where = str(self._address)
        try:
            return await asyncio.to_thread(work, *given)
        except ftplib.error_perm as error:
            text = str(error)
            if text.startswith(NOT_LOGGED_IN):
                raise PushError(where, text, hint="see the user in `to` and the password in [console.push]") from error
            raise PushError(where, text, hint="see what the user may write there") from error
        except ssl.SSLCertVerificationError as error:
            hint = "set ca in [console.push] to the certificate of the server or of who has signed it"
            raise PushError(where, f"its certificate is not trusted ({error.verify_message})", hint=hint) from error
        except (OSError, EOFError, ftplib.Error) as error:
            reason = str(error) or type(error).__name__
            raise PushError(where, reason, hint="see whether the server runs and can be reached") from error
