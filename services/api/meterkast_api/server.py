"""The HTTP server inside our event loop: a socket bound first, and an end that no open stream can delay."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator

import uvicorn
from meterkast_runtime.errors import StartError
from starlette.types import ASGIApp

BACKLOG = 512
KEEP_ALIVE_S = 30
GRACE_S = 0.6
DEAD_PEER_MS = 60_000
MAX_HEARD = 4096  # clients of the live stream have nothing to say


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises StartError with what to do where that is not possible."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _drop_dead_peers(bound)
            bound.bind(address)
            bound.listen(BACKLOG)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise _refusal(host, port, error) from error
    bound.setblocking(False)  # noqa: FBT003 - the name of the standard library
    return bound


def _drop_dead_peers(bound: socket.socket) -> None:
    """Let the kernel end connections whose other side has taken nothing for a minute (Linux; kept by accept)."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        bound.setsockopt(socket.IPPROTO_TCP, option, DEAD_PEER_MS)


def _refusal(host: str, port: int, error: OSError) -> StartError:
    where = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return StartError(
            f"the api cannot listen on {where}, another program uses that port",
            hint="stop that program, or set port in the section [api] to a free one",
        )
    if error.errno == errno.EACCES:
        return StartError(
            f"the api may not listen on {where}", hint="set port in the section [api] to one of 1024 or above"
        )
    return StartError(
        f"the api cannot listen on {where}, {error.strerror or error}",
        hint="set host in the section [api] to an address of this machine",
    )


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="websockets-sansio",
                ws_per_message_deflate=False,
                ws_max_size=MAX_HEARD,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=1,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs us."""
        yield

    async def stop(self, serving: asyncio.Task[None]) -> None:
        """End in order: answers under way are finished, connections that still stand after the grace are cut."""
        self.should_exit = True
        await asyncio.wait([serving], timeout=GRACE_S)
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.wait([serving])
