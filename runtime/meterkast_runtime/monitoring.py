"""The page for monitoring: Prometheus metrics, and whether all is well."""

import errno
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Annotated, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from meterkast_contracts.messages import HealthStatus
from prometheus_client import make_wsgi_app
from pydantic import Field

from meterkast_runtime.errors import StartError
from meterkast_runtime.health import Health
from meterkast_runtime.section import Section

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HEALTH_PATH = "/health"


class MetricsSection(Section):
    """The `metrics` section; without a port there is no page for monitoring."""

    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    host: str = "127.0.0.1"


@contextmanager
def monitoring(section: MetricsSection, health: Health | None = None) -> Iterator[int | None]:
    """Serve `/metrics` and `/health` while the block runs; gives the port, None where none is set."""
    if section.port is None:
        yield None
        return
    with _listening(section, _Page(health)) as server:
        thread = threading.Thread(target=server.serve_forever, name="monitoring", daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class _Page:
    """The WSGI application: `/health` is 200 while the service is `ok` and 503 otherwise, all else are the metrics."""

    def __init__(self, health: Health | None) -> None:
        self._health = health
        self._metrics = make_wsgi_app()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] != HEALTH_PATH or self._health is None:
            metrics: Iterable[bytes] = self._metrics(environ, start_response)
            return metrics
        message = self._health.message()
        well = message.status is HealthStatus.OK
        status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        start_response(f"{status.value} {status.phrase}", [("Content-Type", "application/json")])
        return [message.to_json()]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


class _SilentHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        pass


def _listening(section: MetricsSection, page: _Page) -> WSGIServer:
    server = _Server6 if ":" in section.host else _Server
    try:
        return make_server(section.host, section.port or 0, page, server, handler_class=_SilentHandler)
    except OSError as error:
        where = f"{section.host}:{section.port}"
        if error.errno == errno.EADDRINUSE:
            raise StartError(
                f"metrics cannot be served on {where}, another program uses it", hint="set metrics.port to a free port"
            ) from error
        raise StartError(f"metrics cannot be served on {where}, {error.strerror}", hint="check metrics.host") from error
