"""Servers in containers, where a Docker answers and has, or can fetch, their image."""

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import docker
from docker.errors import DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

API = "1.41"
HOW_TO_GET_DOCKER = "Docker does not answer; start it, or set DOCKER_HOST"
START_TIMEOUT_S = 60.0


class ContainerMissingError(RuntimeError):
    """No Docker answers, or it has not the image; the message says so."""


@contextmanager
def container(
    image: str, port: int, *, environment: Mapping[str, str] | None = None, files: Mapping[Path, str] | None = None
) -> Iterator[tuple[str, int]]:
    """Run a container; gives the address and port at which the port of the container is reached."""
    box = prepared(image, port, environment=environment, files=files)
    with box:
        host, outer = box.get_container_host_ip(), int(box.get_exposed_port(port))
        wait_for(host, outer)
        yield host, outer


def prepared(
    image: str,
    port: int,
    *,
    at: int | None = None,
    environment: Mapping[str, str] | None = None,
    files: Mapping[Path, str] | None = None,
) -> DockerContainer:
    """Return a container that is not started yet; its port will be `at`, or any."""
    _have(image)
    testcontainers_config.ryuk_disabled = True  # its own image would have to be had too, and every container is ended
    box = DockerContainer(image).with_bind_ports(port, at)
    for name, value in (environment or {}).items():
        box.with_env(name, value)
    for path, inside in (files or {}).items():
        box.with_volume_mapping(str(path), inside, "ro")
    return box


def _have(image: str) -> None:
    if not docker_answers():
        raise ContainerMissingError(HOW_TO_GET_DOCKER)
    client = docker.from_env(version=API, timeout=10)
    try:
        if not client.images.list(name=image):
            client.images.pull(image)
    except DockerException as error:
        raise ContainerMissingError(f"Docker cannot get the image {image}") from error
    finally:
        client.close()


def docker_answers() -> bool:
    """Whether there is a Docker to ask."""
    place = urlsplit(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
    with socket.socket(socket.AF_UNIX) as probe:
        return place.scheme != "unix" or probe.connect_ex(place.path) == 0


def wait_for(host: str, port: int) -> None:
    """Wait until somebody listens there."""
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
