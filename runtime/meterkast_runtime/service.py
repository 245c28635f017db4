"""A service as a process: started, reported on, and stopped in order."""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from meterkast_runtime.errors import MeterkastError
from meterkast_runtime.health import Health
from meterkast_runtime.health_report import HealthReport
from meterkast_runtime.log import configure_logging, get_logger
from meterkast_runtime.monitoring import monitoring
from meterkast_runtime.settings import Settings
from meterkast_runtime.supervision import Service, described, supervise, unheeded

__all__ = ["Health", "Service", "run_main", "settle", "supervise"]

STOP_WITHIN_S = 2.0
EXIT_FAILED = 1
EXIT_BY_SIGNAL = 128
SIGNALS = (signal.SIGINT, signal.SIGTERM)

log = get_logger("service")


def run_main(build: Callable[[], Service], *, settings: Settings | None = None, health: Health | None = None) -> None:
    """Run a service until SIGINT or SIGTERM, then stop it within 2 s; exits with 0, or 1 when it failed.

    A second signal quits at once. The health given is published, and served beside the metrics.
    """
    settings = settings or Settings()
    configure_logging(settings.log)
    ending = threading.Timer(STOP_WITHIN_S, _force)
    ending.daemon = True
    try:
        with monitoring(settings.metrics, health):
            asyncio.run(_Run(build, settings, health, ending).run())
    except MeterkastError as error:
        log.error(str(error))  # noqa: TRY400 - the sentence says it all
        sys.exit(EXIT_FAILED)
    except Exception as error:
        log.exception("failed: %s", described(error))  # noqa: TRY401 - the sentence comes first
        sys.exit(EXIT_FAILED)
    finally:
        ending.cancel()


def settle() -> None:
    """Leave what a started process holds out of later garbage collections: a whole one stops every thread 50 ms."""
    gc.collect()
    gc.freeze()


def _force() -> None:
    log.error("did not stop within %g s, and is ended", STOP_WITHIN_S)
    sys.stderr.flush()
    os._exit(EXIT_FAILED)


class _Run:
    """One run of a service."""

    def __init__(
        self, build: Callable[[], Service], settings: Settings, health: Health | None, ending: threading.Timer
    ) -> None:
        self._build = build
        self._settings = settings
        self._health = health
        self._ending = ending
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Run until a signal comes or the service ends; raises what it raised."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._on_signal, number)
        service = self._build()
        report = self._start_report()
        work = asyncio.create_task(service.run(self._ready), name=service.name)
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([work, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._finish(work, stopping)
            await self._finish_report(report, work)
        with suppress(asyncio.CancelledError):
            work.result()

    def _ready(self) -> None:
        settle()
        if self._health is not None:
            self._health.ready()

    def _on_signal(self, number: int) -> None:
        if self._stop.is_set():
            os._exit(EXIT_BY_SIGNAL + number)
        log.info("stopping on %s", signal.Signals(number).name)
        self._stop.set()

    def _start_report(self) -> asyncio.Task[None] | None:
        if self._health is None:
            return None
        return asyncio.create_task(HealthReport(self._health, self._settings.mqtt).run(unheeded))

    async def _finish(self, *tasks: asyncio.Task[object]) -> None:
        self._ending.start()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def _finish_report(self, report: asyncio.Task[None] | None, work: asyncio.Task[None]) -> None:
        if report is None or self._health is None:
            return
        if not work.cancelled() and (error := work.exception()) is not None:
            self._health.failed(described(error))
        else:
            self._health.stopped()
        report.cancel()
        await asyncio.wait([report])
