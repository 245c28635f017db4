"""A P1 cable at a serial port of this machine, or at one reached by RFC 2217."""

import asyncio
import contextlib
import errno
import json
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path

import serial
from meterkast_runtime.backoff import Backoff
from serial.tools import list_ports

from meterkast_reader.sources.line import SPEEDS, LineSearch
from meterkast_reader.sources.source import IDLE_S, Chunk, Report
from meterkast_reader.sources.url import SourceError, SourceUrl

SILENT_AFTER_S = 60.0
MODES = {"8N1": (8, "N"), "7E1": (7, "E")}
_BUSY = frozenset({errno.EBUSY, errno.EAGAIN})


class LineMemory:
    """The speeds found at each port, kept in a file so that the next start need not search."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def recall(self, port: str) -> int | None:
        """The speed found last at this port."""
        speed = self._read().get(port)
        return speed if isinstance(speed, int) else None

    def remember(self, port: str, speed: int) -> None:
        """Keep a speed; a folder that cannot be written costs only the search at the next start."""
        known = self._read()
        if known.get(port) != speed:
            with contextlib.suppress(OSError):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.write_text(json.dumps({**known, port: speed}), encoding="utf-8")

    def _read(self) -> dict[str, object]:
        try:
            known = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}


class SerialSource:
    """Reads one port in a thread of its own, finds its speed, and waits for it when it is unplugged."""

    def __init__(self, url: SourceUrl, memory: LineMemory) -> None:
        remote = url.scheme == "rfc2217"
        if remote:
            url.host_and_port()
        self.port = f"rfc2217://{url.target}" if remote else url.target
        self.address = self.port if remote else f"serial:{url.target}"
        mode = url.options.get("mode", "8N1").upper()
        if mode not in MODES:
            raise SourceError(f"mode={mode} is unknown", hint="write mode=8N1 or mode=7E1, or leave it out")
        self._bits, self._parity = MODES[mode]
        baud = url.whole("baud", 0)
        known = memory.recall(self.port)
        self._speeds = (baud,) if baud else tuple(sorted(SPEEDS, key=lambda speed: speed != known))
        self._memory = memory
        self._search = LineSearch(self._speeds)

    @property
    def line(self) -> str | None:
        """The setting found."""
        return self._search.line

    async def read(self, report: Report) -> AsyncGenerator[Chunk, None]:
        """Give what the port gives, for ever."""
        backoff = Backoff(0.5, 3.0)
        thread = ThreadPoolExecutor(1, f"read {self.port}")
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    port = await loop.run_in_executor(thread, self._open)
                    try:
                        async with aclosing(self._listen(port, thread, report)) as chunks:
                            async for chunk in chunks:
                                backoff.reset()
                                yield chunk
                    finally:
                        thread.submit(_close, port)
                except (OSError, ValueError, serial.SerialException) as error:
                    report(port_trouble(self.port, error))
                yield Chunk(gap=True)
                await asyncio.sleep(backoff.next())
        finally:
            thread.shutdown(wait=False)

    def _open(self) -> serial.Serial:
        self._search = LineSearch(self._search.speeds, _index=self._search._index)  # noqa: SLF001
        return serial.serial_for_url(
            self.port,
            baudrate=self._search.speed,
            bytesize=self._bits,
            parity=self._parity,
            timeout=IDLE_S,
            **({} if self.port.startswith("rfc2217") else {"exclusive": True}),
        )

    async def _listen(
        self, port: serial.Serial, thread: ThreadPoolExecutor, report: Report
    ) -> AsyncGenerator[Chunk, None]:
        loop = asyncio.get_running_loop()
        search = self._search
        search.begin(loop.time())
        last = loop.time()
        idle = True
        while True:
            data = await loop.run_in_executor(thread, _read_some, port)
            now = loop.time()
            if data or not idle:
                yield Chunk(data)
            idle = not data
            if search.hear(data, now):
                self._memory.remember(self.port, search.speed)
            if data:
                last = now
                if search.found:
                    report(None)
            elif now - last > SILENT_AFTER_S:
                report(f"{self.port} is silent: check the cable and the port of the meter; the P1 port must be active")
            if len(search.speeds) > 1 and search.wrong(now):
                search.next(now)
                await loop.run_in_executor(thread, _retune, port, search.speed)
                yield Chunk(gap=True)


def port_trouble(port: str, error: Exception) -> str:
    """Say why a port cannot be opened or read, and what to do."""
    number = getattr(error, "errno", None)
    match number:
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            others = ", ".join(sorted(other.device for other in list_ports.comports())) or "none"
            return f"there is no {port}: plug the cable in, or choose another port (found: {others})"
        case errno.EACCES | errno.EPERM:
            return (
                f"{port} may not be opened: add the user to the port's group "
                "(sudo usermod -aG dialout $USER) and log in again"
            )
        case _ if number in _BUSY:
            return f"{port} is in use by another program: stop that one, only one can read the port"
        case errno.EIO | None if isinstance(error, OSError) and not port.startswith("rfc2217"):
            return f"{port} is gone: was it unplugged? It is read again as soon as it is back"
        case _:
            return f"{port} cannot be read ({error}): check the cable, the address and that it is not in use"


def _read_some(port: serial.Serial) -> bytes:
    """What is there, at least one byte unless the line is idle."""
    first: bytes = port.read(1)
    waiting = port.in_waiting if first else 0
    return first + port.read(waiting) if waiting else first


def _retune(port: serial.Serial, speed: int) -> None:
    port.baudrate = speed
    port.reset_input_buffer()


def _close(port: serial.Serial) -> None:
    with contextlib.suppress(OSError, serial.SerialException):
        port.close()
