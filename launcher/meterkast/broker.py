"""The embedded MQTT broker: a child process that is started again when it dies and never outlives us."""

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Self

import psutil
from meterkast_runtime.log import get_logger

from meterkast import broker_configuration
from meterkast.broker_configuration import BrokerOptions
from meterkast.errors import LauncherError

START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 1.0
_POLL_S = 0.02
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0
_PR_SET_PDEATHSIG = 1

Configuration = Callable[[BrokerOptions], str]


def find_program() -> tuple[str, Configuration]:
    """Path of the broker's program and its configuration; raises LauncherError where there is neither of the two."""
    nats = shutil.which(str(Path(sysconfig.get_path("scripts")) / "nats-server"))
    if nats is not None:
        return nats, broker_configuration.nats
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
    mosquitto = shutil.which("mosquitto", path=places)
    if mosquitto is not None:
        return mosquitto, broker_configuration.mosquitto
    raise LauncherError(
        "there is no MQTT broker to start on this machine",
        hint="install Mosquitto (Debian: sudo apt install mosquitto), or use one elsewhere by --broker host",
    )


class EmbeddedBroker:
    """`async with EmbeddedBroker(options)`: inside, the broker accepts connections."""

    def __init__(self, options: BrokerOptions, *, program: tuple[str, Configuration] | None = None) -> None:
        self.options = options
        self.restarts = 0
        self._program = program
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._log = get_logger("broker")

    @property
    def pid(self) -> int | None:
        """Process id of the running broker."""
        return self._process.pid if self._process else None

    async def __aenter__(self) -> Self:
        """Start the broker and wait until it accepts connections."""
        options = self.options
        program, configuration = self._program or find_program()
        options.directory.mkdir(parents=True, exist_ok=True)
        path = options.directory / "broker.conf"
        path.touch(mode=0o600)
        path.write_text(configuration(options), encoding="utf-8")
        _end_leftover(options.pid_file, path)
        command = (program, "-c", str(path))
        await self._start(command)
        self._watch = asyncio.create_task(self._keep_alive(command), name="broker")
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop the broker in order, by force when it takes longer than a second."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._stop()

    async def _stop(self) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
            except TimeoutError:
                process.kill()
                await process.wait()

    async def _start(self, command: tuple[str, ...]) -> None:
        self._process = process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "GOMEMLIMIT": "20MiB", "GOGC": "25"},
            start_new_session=True,  # Ctrl-C is for us: the broker stops last
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while process.returncode is None and not await self._accepts():  # noqa: ASYNC110 - only trying tells
                    await asyncio.sleep(_POLL_S)
        except BaseException:
            await self._stop()
            raise
        if process.returncode is not None:
            raise LauncherError(
                f"the MQTT broker ended at once with code {process.returncode}: {self._last_words()}",
                hint=f"its log is {self.options.log}",
            )

    async def _accepts(self) -> bool:
        address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.options.address, self.options.address)
        try:
            _, writer = await asyncio.open_connection(address, self.options.port)
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True

    async def _keep_alive(self, command: tuple[str, ...]) -> None:
        pause = _FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            assert self._process is not None  # noqa: S101 - set by __aenter__, which starts this task
            code = await self._process.wait()
            if loop.time() - started > _LONGEST_PAUSE_S:
                pause = _FIRST_PAUSE_S
            self._log.warning("The broker has died and is started again", code=code, pause_s=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
            self.restarts += 1
            try:
                await self._start(command)
            except (LauncherError, TimeoutError, OSError) as error:
                self._log.error("The broker does not start", error=str(error))

    def _last_words(self) -> str:
        try:
            lines = self.options.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "it said nothing"


def _die_with_parent() -> None:
    """Runs in the child: let the kernel end it when we die, even by `kill -9`."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end_leftover(pid_file: Path, configuration: Path) -> None:
    """End the broker that a killed predecessor left behind (where no kernel ends it for us)."""
    try:
        process = psutil.Process(int(pid_file.read_text(encoding="ascii")))
        if str(configuration) in process.cmdline():
            process.terminate()
            process.wait(timeout=START_TIMEOUT_S)
    except (OSError, ValueError, psutil.Error):
        return
