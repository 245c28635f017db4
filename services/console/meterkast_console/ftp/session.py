"""A session of the FTP server: whatever may take time is done elsewhere, before the command is carried out."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from meterkast_runtime.errors import MeterkastError
from meterkast_runtime.log import get_logger

from meterkast_console.admission import Check
from meterkast_console.errors import ApiRefusedError
from meterkast_console.files.errors import FilesError, NotMadeError, NotReadyError
from meterkast_console.files.tree import Tree
from meterkast_console.ftp.filesystem import Prepared, TreeFilesystem

if TYPE_CHECKING:
    from concurrent.futures import Future

_LOG = get_logger("meterkast_console")
LISTS = {"LIST": True, "NLST": False, "MLSD": True, "STAT": True}
READS = ("RETR",)
LOOKS = {"SIZE": True, "MLST": True, "MDTM": False, "CWD": False, "XCWD": False, "CDUP": False, "XCUP": False}
"""Commands that need entries, and whether they need their sizes."""
MOST_WAITING = 200
HTTP = (" HTTP/1.0", " HTTP/1.1", " HTTP/2.0")
NOT_FOUND, TRY_AGAIN, FAULT, AWAY = 550, 450, 451, 421

Work = Coroutine[Any, Any, Prepared | None]


class Desk:
    """What sessions share: the tree, who may come, and the way from the server's thread to the event loop and back."""

    def __init__(
        self,
        tree: Tree,
        check: Check | None,
        loop: asyncio.AbstractEventLoop,
        post: Callable[[Callable[[], object]], None],
    ) -> None:
        self.tree = tree
        self.check = check
        self._loop = loop
        self._post = post

    def ask(
        self, work: Coroutine[Any, Any, Prepared | None], then: Callable[["Future[Prepared | None]"], None]
    ) -> None:
        """Have work done in the event loop, and something called in the server's thread when it is."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        future.add_done_callback(lambda done: self._post(lambda: then(done)))

    async def look(self, command: str, path: str) -> Prepared:
        """Look up what a command needs; raises FilesError or ApiError."""
        path = path.strip("/")
        if command in READS:
            entry, file = await self.tree.open(path)
            return Prepared([entry], file=file)
        sized = (LISTS | LOOKS)[command]
        if command in LOOKS:
            return Prepared([await self.tree.entry(path, sized=sized)])
        entry = await self.tree.entry(path, sized=False)
        if entry.is_folder:
            return Prepared([entry], await self.tree.entries(path, sized=sized))
        return Prepared([await self.tree.entry(path, sized=sized)])

    async def admit(self, password: str, client: str) -> None:
        """Check a password; raises ApiError where it is not right."""
        if self.check is not None:
            await self.check(password, client)


class Session:
    """What plain and TLS sessions have in common; commands that come meanwhile wait in their order."""

    desk: ClassVar[Desk]
    abstracted_fs = TreeFilesystem
    banner = "Meterkast: the files of your meter, to be read only."
    use_sendfile = False
    max_login_attempts = 5
    auth_failed_timeout = 1

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._waiting: deque[tuple[bytes, ...]] = deque()
        self._working = False
        self.admitted = False
        super().__init__(*args, **kwargs)

    def found_terminator(self: Any) -> None:
        """Take a command, now or when its turn comes."""
        if not self._working:
            super().found_terminator()  # type: ignore[misc] # it is mixed into the library's class
            return
        self._waiting.append(tuple(self._in_buffer))
        self._in_buffer = list[bytes]()
        self._in_buffer_len = 0
        if len(self._waiting) > MOST_WAITING:
            self.respond_w_warning("421 Too many commands at once.")
            self.close_when_done()

    def pre_process_command(self: Any, line: str, cmd: str, arg: str) -> None:
        """Hang up on a browser: a web page must not be able to speak FTP through it."""
        if line.endswith(HTTP):
            _LOG.warning("an HTTP request came to the FTP server and was refused", client=self.remote_ip)
            self.respond("421 This is an FTP server, not a web server.")
            self.close_when_done()
            return
        super().pre_process_command(line, cmd, arg)  # type: ignore[misc]

    def process_command(self: Any, cmd: str, *args: Any, **kwargs: Any) -> None:
        """Carry out a command, once what it needs is there."""
        if cmd == "PASS" and not self.authenticated and self.username and self._asks():
            work = self.desk.admit(args[0], self.remote_ip)
        elif (cmd in LISTS or cmd in READS or cmd in LOOKS) and self.authenticated and args[0]:
            work = self.desk.look(cmd, args[0])
        else:
            super().process_command(cmd, *args, **kwargs)  # type: ignore[misc]
            return
        self._working = True
        carry_on = super().process_command  # type: ignore[misc]
        self.desk.ask(work, lambda done: self._prepared(done, lambda: carry_on(cmd, *args, **kwargs), cmd))

    def _asks(self: Any) -> bool:
        """Whether a password is to be checked: not where none is needed, and not before TLS where that is."""
        plain = getattr(self, "tls_control_required", False) and not self._ssl_established
        return self.desk.check is not None and not plain

    def _prepared(self: Any, done: "Future[Prepared | None]", carry_on: Callable[[], None], cmd: str) -> None:
        self._working = False
        error = done.exception()
        if self._closed:
            if error is None and (unused := done.result()) is not None:
                unused.close()
            return
        try:
            if error is not None:
                self._refuse(error, cmd)
            else:
                self._carry_out(done.result(), carry_on)
        except Exception:  # noqa: BLE001 - the library logs it and ends this session, as it does with its own
            self.handle_error()
        while self._waiting and not self._working and not self._closed:
            self._in_buffer = list(self._waiting.popleft())
            self.found_terminator()

    def _carry_out(self: Any, prepared: Prepared | None, carry_on: Callable[[], None]) -> None:
        self.admitted = prepared is None
        if prepared is not None:
            self.fs.prepared = prepared
        try:
            carry_on()
        finally:
            if prepared is not None:
                prepared.close()

    def _refuse(self: Any, error: BaseException, cmd: str) -> None:
        sentence = str(error).rstrip(".")
        if cmd == "PASS":
            if isinstance(error, ApiRefusedError):
                self.handle_auth_failed(sentence, "")
            else:
                self.respond(f"{AWAY} {sentence}.")
                self.close_when_done()
        elif _is_final(error):
            self.respond(f"{NOT_FOUND} {sentence}.")
        elif isinstance(error, MeterkastError):
            self.respond(f"{TRY_AGAIN} {sentence}.")
        else:
            _LOG.error("an FTP command failed", command=cmd, error=repr(error))
            self.respond(f"{FAULT} Something went wrong here; the log of the console says what.")


def _is_final(error: BaseException) -> bool:
    """Whether it is no use to try again."""
    if isinstance(error, ApiRefusedError):
        return error.status < HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error, FilesError) and not isinstance(error, NotReadyError | NotMadeError)
