"""The FTP server: its loop runs in a thread of its own, and waits for nothing but sockets."""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import Any

from meterkast_runtime.errors import StartError
from meterkast_runtime.log import get_logger
from OpenSSL import SSL
from pyftpdlib.authorizers import AuthenticationFailed, DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from meterkast_console.admission import Check
from meterkast_console.files.tree import Tree
from meterkast_console.ftp.mailbox import Mailbox
from meterkast_console.ftp.session import Desk, Session
from meterkast_console.settings import FtpSection

READ_ONLY = "elr"
SOCKETS_EACH = 3
"""One for commands, one for data, and one that waits for data."""
_LOG = get_logger("meterkast_console")


class Loop:
    """What runs in the thread; raises StartError where it cannot listen."""

    def __init__(self, section: FtpSection, tree: Tree, check: Check | None, loop: asyncio.AbstractEventLoop) -> None:
        logging.getLogger("pyftpdlib").setLevel(logging.WARNING)
        context = tls_context(section)
        listening = _listening(section.host, section.port)
        self.port: int = listening.getsockname()[1]
        self._ioloop = IOLoop()
        self._mailbox = Mailbox(self._ioloop)
        desk = Desk(tree, check, loop, self._mailbox.post)
        self._server = FTPServer(listening, session_class(section, desk, context), ioloop=self._ioloop)
        self._server.max_cons = section.max_sessions * SOCKETS_EACH
        self._server.max_cons_per_ip = section.max_sessions_per_address
        self._stopping = False

    def run(self, ended: Callable[[], object]) -> None:
        """Serve until told to stop."""
        soonest = None
        try:
            while not self._stopping:
                soonest = self._ioloop.loop(soonest, blocking=False)
        except Exception:  # noqa: BLE001 - the service is told that it has ended
            _LOG.exception("the FTP server has failed")
        finally:
            self._server.close_all()
            ended()

    def stop(self) -> None:
        """Close every session; may come from any thread."""
        self._stopping = True
        self._mailbox.post(lambda: None)


class Everybody(DummyAuthorizer):  # type: ignore[misc] # the library has no types
    """Lets in whoever was admitted, to read."""

    def validate_authentication(self, username: str, password: str, handler: Any) -> None:
        """Raise AuthenticationFailed where the session was not admitted."""
        del username, password
        if handler.desk.check is not None and not handler.admitted:
            raise AuthenticationFailed

    def get_home_dir(self, username: str) -> str:
        """All see the same."""
        del username
        return "/"

    def has_user(self, username: str) -> bool:
        """Any name will do: there is one password."""
        del username
        return True

    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:
        """Enter, list and read."""
        del username, path
        return perm in READ_ONLY

    def get_perms(self, username: str) -> str:
        """Enter, list and read."""
        del username
        return READ_ONLY

    def get_msg_login(self, username: str) -> str:
        """What is said once somebody is in."""
        del username
        return "Welcome."

    def get_msg_quit(self, username: str) -> str:
        """What is said at the end."""
        del username
        return "Goodbye."


def session_class(section: FtpSection, desk: Desk, context: SSL.Context | None) -> Any:
    """Return the class of this server's sessions."""
    base = FTPHandler if context is None else TLS_FTPHandler
    needs_tls = context is not None and not section.plaintext and not section.loopback
    return type(
        "FtpSession",
        (Session, base),
        {
            "desk": desk,
            "authorizer": Everybody(),
            "passive_ports": section.ports,
            "masquerade_address": section.announced_address,
            "timeout": section.idle_minutes * 60,
            "ssl_context": context,
            "tls_control_required": needs_tls,
            "tls_data_required": needs_tls,
        },
    )


def tls_context(section: FtpSection) -> SSL.Context | None:
    """Return what TLS needs, None where there is no certificate; raises StartError where it cannot be read."""
    if section.certificate is None:
        return None
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION)
    try:
        context.use_certificate_chain_file(str(section.certificate))
        context.use_privatekey_file(str(section.key or section.certificate))
        context.check_privatekey()
    except SSL.Error as error:
        raise StartError(
            f"the certificate {section.certificate} cannot be used ({_reason(error)})",
            hint="certificate and key in [console.ftp] are PEM files that belong together",
        ) from error
    return context


def _reason(error: SSL.Error) -> str:
    reasons = error.args[0] if error.args else []
    return str(reasons[0][-1]) if reasons else "it is not there or not readable"


def _listening(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises StartError with what to do where that is not possible."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen()
        except OSError:
            bound.close()
            raise
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "another program uses that port" if taken else error.strerror or str(error)
        raise StartError(
            f"ftp cannot listen on {host}:{port}, {why}", hint="set host and port in the section [console.ftp]"
        ) from error
    return bound
