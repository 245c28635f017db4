"""Servers in containers, where a Docker answers and has, or can fetch, their image."""

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

API = "1.41"
START_TIMEOUT_S = 60.0


class ContainerMissingError(RuntimeError):
    """No Docker answers, or it has not the image; the message says so."""


@contextmanager
def container(
    image: str, port: int, *, environment: Mapping[str, str] | None = None, files: Mapping[Path, str] | None = None
) -> Iterator[tuple[str, int]]:
    """Run a container; gives the address and port at which the port of the container is reached."""
    _have(image)
    testcontainers_config.ryuk_disabled = True  # its own image would have to be had too; the container is ended below
    box = DockerContainer(image).with_exposed_ports(port)
    for name, value in (environment or {}).items():
        box.with_env(name, value)
    for path, inside in (files or {}).items():
        box.with_volume_mapping(str(path), inside, "ro")
    with box:
        host, outer = box.get_container_host_ip(), int(box.get_exposed_port(port))
        _wait(host, outer)
        yield host, outer


def _have(image: str) -> None:
    client = docker.from_env(version=API, timeout=10)
    try:
        client.ping()
        if not client.images.list(name=image):
            client.images.pull(image)
    except (DockerException, OSError) as error:
        raise ContainerMissingError(f"Docker does not answer (set DOCKER_HOST), or cannot get {image}") from error
    finally:
        client.close()


def _wait(host: str, port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
