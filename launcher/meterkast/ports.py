"""TCP ports of this machine: is one free, who has it, which is the next."""

import errno
import os
import socket

import psutil

from meterkast.errors import LauncherError

_TRIES = 100


def is_free(address: str, port: int) -> bool:
    """Whether a server could listen there now; raises LauncherError when the address itself is impossible."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            reason = error.strerror or str(error)
            raise LauncherError(f"nothing can listen on {address}:{port}: {reason}", hint=_hint(error, port)) from error
    return True


def choose(address: str, port: int, *, asked: bool, purpose: str, option: str) -> int:
    """Return the port, or where nobody asked for this one and it is taken, the next free one."""
    if is_free(address, port):
        return port
    if asked:
        raise LauncherError(
            f"port {port} for {purpose} is in use by {owner(port)}", hint=f"stop it or give another port by {option}"
        )
    for other in range(port + 1, min(port + _TRIES, 65536)):
        if is_free(address, other):
            return other
    raise LauncherError(f"no port from {port} on is free for {purpose}", hint=f"give one by {option}")


def owner(port: int) -> str:
    """Name and process id of the program that listens on the port, as far as this user may know."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return "another program"


def _hint(error: OSError, port: int) -> str:
    if error.errno == errno.EACCES:
        return f"ports below 1024 need root; {port} is one" if port < 1024 else "check the address"  # noqa: PLR2004 - the privileged ports of POSIX
    return "use 127.0.0.1, 0.0.0.0 or an address of this machine"
