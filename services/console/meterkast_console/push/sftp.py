"""An SFTP server as destination."""

from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Self

import asyncssh
from pydantic import SecretStr

from meterkast_console.push.destination import HALF, Address
from meterkast_console.push.errors import PushError

AT_ONCE = 1 << 18
CONNECT_S = 30


class SftpDestination:
    """Sends files by SFTP to a server whose host key is known."""

    def __init__(self, address: Address, password: SecretStr | None, *, key: Path | None, known_hosts: Path) -> None:
        self._address = address
        self._password = password
        self._key = key
        self._known_hosts = known_hosts
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    async def __aenter__(self) -> Self:
        """Connect and log in."""
        options: dict[str, Any] = {"known_hosts": str(self._known_hosts), "connect_timeout": CONNECT_S}
        if self._address.user:
            options["username"] = self._address.user
        if self._password is not None:
            options["password"] = self._password.get_secret_value()
        if self._key is not None:
            options["client_keys"] = [str(self._key)]
        try:
            self._connection = await asyncssh.connect(self._address.host, self._address.port, config=(), **options)
            try:
                self._client = await self._connection.start_sftp_client()
            except (OSError, asyncssh.Error):
                self._connection.close()
                raise
        except asyncssh.HostKeyNotVerifiable as error:
            scan = f"ssh-keyscan -p {self._address.port} {self._address.host} >> {self._known_hosts}"
            raise self._error("its host key is not known", f"if it is the right server: {scan}") from error
        except asyncssh.PermissionDenied as error:
            hint = "see the user in `to`, and password or key in [console.push]"
            raise self._error("it does not let us in", hint) from error
        except (OSError, asyncssh.Error) as error:
            raise self._error(_reason(error), "see whether the server runs and can be reached") from error
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Disconnect."""
        if self._client is not None:
            self._client.exit()
        if self._connection is not None:
            self._connection.close()
            await self._connection.wait_closed()

    async def half(self, path: str) -> int:
        """How much of a file was sent before."""
        try:
            return await self._sftp.getsize(self._half(path)) or 0
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            return 0
        except (OSError, asyncssh.Error) as error:
            raise self._failed(error) from error

    async def send(self, path: str, file: BinaryIO, offset: int) -> None:
        """Send a file from an offset on."""
        half = self._half(path)
        try:
            await self._sftp.makedirs(str(PurePosixPath(half).parent), exist_ok=True)
            async with self._sftp.open(half, "r+b" if offset else "wb") as there:
                file.seek(offset)
                while data := file.read(AT_ONCE):
                    await there.write(data, offset)
                    offset += len(data)
        except (OSError, asyncssh.Error) as error:
            raise self._failed(error) from error

    async def finish(self, path: str, size: int, changed: datetime) -> None:
        """Give a file its name."""
        half, final = self._half(path), self._address.beneath(path)
        found = await self.half(path)
        if found != size:
            raise self._error(f"of {path} {found} of {size} bytes are there", "it is sent again")
        try:
            await self._sftp.utime(half, (changed.timestamp(), changed.timestamp()))
            try:
                await self._sftp.posix_rename(half, final)
            except asyncssh.SFTPOpUnsupported:
                if await self._sftp.exists(final):
                    await self._sftp.remove(final)
                await self._sftp.rename(half, final)
        except (OSError, asyncssh.Error) as error:
            raise self._failed(error) from error

    @property
    def _sftp(self) -> asyncssh.SFTPClient:
        assert self._client is not None, "connect first"  # noqa: S101 - a mistake of the program's
        return self._client

    def _half(self, path: str) -> str:
        return f"{self._address.beneath(path)}{HALF}"

    def _failed(self, error: Exception) -> PushError:
        return self._error(_reason(error), "see what the user may write there and how much room is left")

    def _error(self, reason: str, hint: str) -> PushError:
        return PushError(str(self._address), reason, hint=hint)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
