"""Prometheus metrics, in the library's default registry."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, start_http_server
from pydantic import Field

from meterkast_runtime.errors import StartError
from meterkast_runtime.section import Section

__all__ = ["REGISTRY", "Counter", "Gauge", "Histogram", "MetricsSection", "metrics_server"]


class MetricsSection(Section):
    """The `metrics` section; without a port there is no metrics page of its own."""

    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    host: str = "127.0.0.1"


@contextmanager
def metrics_server(section: MetricsSection) -> Iterator[int | None]:
    """Serve `/metrics` while the block runs; gives the port, None where none is set."""
    if section.port is None:
        yield None
        return
    try:
        server, thread = start_http_server(section.port, section.host)
    except OSError as error:
        where = f"{section.host}:{section.port}"
        if error.errno == errno.EADDRINUSE:
            raise StartError(
                f"metrics cannot be served on {where}, another program uses it", hint="set metrics.port to a free port"
            ) from error
        raise StartError(f"metrics cannot be served on {where}, {error.strerror}", hint="check metrics.host") from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
