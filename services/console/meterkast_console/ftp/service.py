"""The files over FTP as a part of the console."""

import asyncio
import importlib
import threading
from collections.abc import Callable

from meterkast_runtime.errors import StartError
from meterkast_runtime.log import get_logger

from meterkast_console.admission import Check
from meterkast_console.files.tree import Tree
from meterkast_console.settings import FtpSection

_LOG = get_logger("meterkast_console")


class FtpService:
    """Serves the tree until cancelled; `port` is the one it listens on. The FTP library is loaded when it starts."""

    name = "ftp"

    def __init__(self, section: FtpSection, tree: Tree, check: Check | None) -> None:
        self.port: int | None = None
        self._section = section
        self._tree = tree
        self._check = check

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until cancelled; raises StartError where it cannot listen."""
        library = await asyncio.to_thread(importlib.import_module, "meterkast_console.ftp.server")
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        server = library.Loop(self._section, self._tree, self._check, loop)
        self.port = server.port
        tell = (lambda: loop.call_soon_threadsafe(ended.set),)
        thread = threading.Thread(target=server.run, args=tell, name=self.name, daemon=True)
        thread.start()
        _LOG.info("ftp listens", address=f"{self._section.host}:{self.port}")
        ready()
        try:
            await ended.wait()
        finally:
            server.stop()
            await asyncio.shield(asyncio.to_thread(thread.join))
        raise StartError("the FTP server has ended by itself", hint="the log says why")
