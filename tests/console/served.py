"""The files of a real API, served to real clients."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from meterkast_console.files.directory import Directory
from meterkast_console.files.making import make
from meterkast_console.files.shelf import Shelf
from meterkast_console.files.tree import Tree
from meterkast_console.ftp.server import FtpService
from meterkast_console.ftp.session import Check
from meterkast_console.rest import Api, Pass, Pool
from meterkast_console.settings import FtpSection
from meterkast_runtime.service import Service

PACKAGES = {"sftp": "openssh-client"}


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
async def tree_at(url: str, folder: Path, *, most_bytes: int = 64 << 20, **options: Any) -> AsyncIterator[Tree]:
    """The tree of the API at an address."""
    async with Pool(url) as pool:
        api = Api(pool, Pass())
        tree = Tree(Directory(api), Shelf(folder, partial(make, api), most_bytes=most_bytes), **options)
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
