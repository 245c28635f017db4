"""The same terminal by SSH, with asyncssh."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncssh
from meterkast_runtime.errors import StartError

from meterkast_console.errors import ApiAwayError, ApiRefusedError
from meterkast_console.rest import Api
from meterkast_console.terminal.probe import explore
from meterkast_console.terminal.wire import CHUNK, Capabilities

KEY_FILE = "ssh_host_key"
KEY_KIND = "ssh-ed25519"
LOGIN_S = 60
KEEPALIVE_S = 60
API = "meterkast_api"
Process = asyncssh.SSHServerProcess[str]
Come = Callable[[Process], Awaitable[None]]


class Doorkeeper(asyncssh.SSHServer):
    """Lets in whoever knows the API's password, or everybody where none is asked for."""

    def __init__(self, api: Api, present: "set[Doorkeeper]", *, ask: bool, most: int) -> None:
        self._api = api
        self._present = present
        self._ask = ask
        self._most = most
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Keep the connection, to note who it is; one too many is ended before anybody logs in."""
        self._connection = conn
        self._present.add(self)
        if len(self._present) > self._most:
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """There is a place again."""
        del exc
        self._present.discard(self)

    def begin_auth(self, username: str) -> bool:
        """Ask for the password, if anything."""
        del username
        return self._ask

    def password_auth_supported(self) -> bool:
        """Passwords are what there is."""
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        """Whether the API lets this password in; a refusal's sentence is shown where the client shows such."""
        del username
        connection = self._connection
        assert connection is not None  # noqa: S101 - it is made before anybody logs in
        try:
            connection.set_extra_info(**{API: await self._api.log_in(password, client=address_of(connection))})
        except ApiRefusedError as error:
            connection.send_auth_banner(f"{error.sentence}\n")
            return False
        except ApiAwayError as error:
            connection.send_auth_banner(f"{error.sentence}: try again later\n")
            return False
        return True


class SshWire:
    """A terminal by SSH."""

    kind = "ssh"

    def __init__(self, process: Process, address: str) -> None:
        self.address = address
        self.can = Capabilities()
        self._process = process
        self._typed = ""

    async def negotiate(self) -> None:
        """Find out what the terminal can; where there is none, it is like paper."""
        columns, rows, *_ = self._process.term_size
        self.can.resize(columns, rows)
        said = self._process.env.get("LC_ALL") or self._process.env.get("LC_CTYPE") or self._process.env.get("LANG")
        term = self._process.term_type or ""
        sized = columns > 0 and rows > 0
        self._typed = await explore(self.can, term, said=said, sized=sized, read=self._received, write=self.write)

    @property
    def backlog(self) -> int:
        """Bytes that the client has not taken."""
        return self._process.channel.get_write_buffer_size()

    async def read(self) -> str:
        """What was typed; nothing at the end."""
        typed, self._typed = self._typed, ""
        return typed or await self._received()

    async def _received(self) -> str:
        while True:
            try:
                return await self._process.stdin.read(CHUNK)
            except asyncssh.TerminalSizeChanged as change:
                self.can.resize(change.width, change.height)
            except (asyncssh.BreakReceived, asyncssh.SignalReceived, OSError, asyncssh.Error):
                return ""

    def write(self, text: str) -> None:
        """Send text."""
        if text and not self._process.channel.is_closing():
            with suppress(OSError, asyncssh.Error):
                self._process.stdout.write(text)

    def close(self) -> None:
        """End the terminal."""
        with suppress(OSError, asyncssh.Error):
            self._process.exit(0)


def address_of(connection: Any) -> str:
    """Where somebody comes from."""
    return str((connection.get_extra_info("peername") or ("?",))[0])


async def listen(
    host: str, port: int, *, key: asyncssh.SSHKey, api: Api, ask: bool, most: int, come: Come, sftp: Any | None
) -> asyncssh.SSHAcceptor:
    """Listen; nothing but terminals, and files where there is something to give them."""
    present: set[Doorkeeper] = set()
    return await asyncssh.listen(
        host,
        port,
        server_host_keys=[key],
        server_factory=lambda: Doorkeeper(api, present, ask=ask, most=most),
        process_factory=come,
        sftp_factory=sftp,
        allow_scp=False,
        agent_forwarding=False,
        public_key_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_host=None,
        line_editor=False,
        encoding="utf-8",
        errors="replace",
        login_timeout=LOGIN_S,
        keepalive_interval=KEEPALIVE_S,
        server_version="Meterkast",
    )


async def host_key(data_dir: Path) -> asyncssh.SSHKey:
    """The key by which clients know this host, made at the first start; raises StartError."""
    path = data_dir / KEY_FILE
    try:
        return await asyncio.to_thread(_kept_or_made, path)
    except (OSError, asyncssh.KeyImportError) as error:
        raise StartError(
            f"the SSH host key {path} cannot be used: {error}",
            hint="make it readable for this user, or remove it so that another is made",
        ) from error


def _kept_or_made(path: Path) -> asyncssh.SSHKey:
    if path.exists():
        return asyncssh.read_private_key(path)
    key = asyncssh.generate_private_key(KEY_KIND, comment="meterkast")
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    key.write_private_key(fresh)
    fresh.replace(path)
    return key
