"""The files of a real API, served to real clients."""

import asyncio
import ftplib
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import pytest
from meterkast_console.admission import Check
from meterkast_console.files.directory import Directory
from meterkast_console.files.making import make
from meterkast_console.files.shelf import Shelf
from meterkast_console.files.tree import Tree
from meterkast_console.ftp.service import FtpService
from meterkast_console.rest import Api, Pass, Pool
from meterkast_console.settings import FtpSection
from meterkast_runtime.service import Service

PACKAGES = {"sftp": "openssh-client"}


T = TypeVar("T")
CLIENTS = ThreadPoolExecutor(50)
"""Threads of their own: clients that wait must not take those for which the server waits."""


@dataclass
class Ran:
    """What a program has said."""

    code: int
    out: str
    err: str


async def run(program: str, *arguments: str | Path, cwd: Path | None = None, stdin: bytes = b"") -> Ran:
    """Run a program to its end; skip the test where it is not there."""
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program}: apt-get install {PACKAGES.get(program, program)}")
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(cwd or "/nonexistent")}
    process = await asyncio.create_subprocess_exec(
        program,
        *map(str, arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env=environment,
    )
    try:
        async with asyncio.timeout(60):
            out, err = await process.communicate(stdin)
    except TimeoutError:
        process.kill()
        raise
    return Ran(process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace"))


async def in_thread(port: int, work: Callable[[ftplib.FTP], T], *, login: bool = True) -> T:
    """Do something with Python's own client, logged in where not said otherwise."""

    def done() -> T:
        with ftplib.FTP(timeout=20) as client:
            client.connect("127.0.0.1", port)
            if login:
                client.login()
            return work(client)

    return await asyncio.get_running_loop().run_in_executor(CLIENTS, done)


@asynccontextmanager
async def up(service: Service) -> AsyncIterator[None]:
    """Run a service that is ready."""
    ready = asyncio.Event()
    task = asyncio.create_task(service.run(ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        task.result()
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error


@asynccontextmanager
async def tree_at(
    url: str,
    folder: Path,
    *,
    most_bytes: int = 64 << 20,
    clock: Callable[[], float] = time.monotonic,
    **options: Any,
) -> AsyncIterator[Tree]:
    """The tree of the API at an address."""
    async with Pool(url) as pool:
        api = Api(pool, Pass())
        tree = Tree(Directory(api, clock=clock), Shelf(folder, partial(make, api), most_bytes=most_bytes), **options)
        try:
            yield tree
        finally:
            await tree.close()


@asynccontextmanager
async def ftp(tree: Tree, check: Check | None = None, **section: Any) -> AsyncIterator[FtpService]:
    """An FTP server on a free port."""
    service = FtpService(FtpSection(**{"port": 0, **section}), tree, check)
    async with up(service):
        yield service


class Door:
    """A way to the API that can be shut; `knocks` are those who came while it was."""

    def __init__(self, port: int) -> None:
        self.knocks = 0
        self.is_open = True
        self._port = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._let_in, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        self.shut()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def shut(self) -> None:
        self.is_open = False
        for writer in self._writers:
            writer.transport.abort()

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_open:
            self.knocks += 1
            writer.transport.abort()
            return
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, there_writer}
        await asyncio.gather(_carry(reader, there_writer), _carry(there_reader, writer))
        self._writers -= {writer, there_writer}


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
