"""Starting, supervising and stopping services in order."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

from meterkast_runtime.backoff import Backoff
from meterkast_runtime.errors import MeterkastError
from meterkast_runtime.health import Health
from meterkast_runtime.health_report import HealthReport
from meterkast_runtime.log import configure_logging, get_logger
from meterkast_runtime.metrics import metrics_server
from meterkast_runtime.settings import Settings

__all__ = ["Health", "Service", "run_main", "supervise"]

STOP_WITHIN_S = 2.0
STABLE_S = 60.0
EXIT_FAILED = 1
SIGNALS = (signal.SIGINT, signal.SIGTERM)

log = get_logger("service")


class Service(Protocol):
    """A part that runs until it is cancelled, and then ends in order."""

    name: str

    async def run(self, ready: Callable[[], None]) -> None:
        """Do the work; call `ready` when it is up."""


def run_main(build: Callable[[], Service], *, settings: Settings | None = None, health: Health | None = None) -> None:
    """Run a service until SIGINT or SIGTERM, then stop it within 2 s; exits with 0, or 1 when it failed.

    A second signal quits at once. With settings, the health given is published and `/metrics` served as they say.
    """
    settings = settings or Settings()
    configure_logging(settings.log)
    try:
        with metrics_server(settings.metrics):
            code = asyncio.run(_run_until_signal(build, settings, health))
    except MeterkastError as error:
        log.error(str(error))  # noqa: TRY400 - the sentence says it all
        code = EXIT_FAILED
    sys.exit(code)


async def supervise(services: Sequence[Callable[[], Service]], *, ready: Callable[[], None] = lambda: None) -> None:
    """Run services until cancelled, each restarted with growing waits when it fails; `ready` when all are up.

    They are stopped in the reverse order, one after the other.
    """
    waiting = set(range(len(services)))

    def up(number: int) -> None:
        if number in waiting:
            waiting.discard(number)
            if not waiting:
                ready()

    tasks = [
        asyncio.create_task(_keep_running(build, lambda number=number: up(number)))  # type: ignore[misc]
        for number, build in enumerate(services)
    ]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in reversed(tasks):
            task.cancel()
            await asyncio.wait([task])


async def _keep_running(build: Callable[[], Service], ready: Callable[[], None]) -> None:
    backoff = Backoff(0.5)
    loop = asyncio.get_running_loop()
    while True:
        service = build()
        began = loop.time()
        try:
            await service.run(ready)
            log.error("%s ended by itself", service.name)
        except MeterkastError as error:
            log.error("%s failed: %s", service.name, error)  # noqa: TRY400 - the sentence says it all
        except Exception:
            log.exception("%s failed", service.name)
        if loop.time() - began > STABLE_S:
            backoff.reset()
        await asyncio.sleep(backoff.next())


async def _run_until_signal(build: Callable[[], Service], settings: Settings, health: Health | None) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
    service = build()
    report = None
    if health is not None:
        report = asyncio.create_task(HealthReport(health, settings.mqtt).run(lambda: None))
    ready = health.ready if health is not None else (lambda: None)
    work = asyncio.create_task(service.run(ready), name=service.name)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([work, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    work.cancel()
    await asyncio.wait([work], timeout=STOP_WITHIN_S)
    code = 0
    if not work.done():
        log.error("%s did not stop within %g s", service.name, STOP_WITHIN_S)
        code = EXIT_FAILED
    elif not work.cancelled() and (error := work.exception()) is not None:
        log.error("%s failed: %s", service.name, error, exc_info=error)
        if health is not None:
            health.failed(str(error))
        code = EXIT_FAILED
    if report is not None:
        report.cancel()
        await asyncio.wait([report])
    return code
