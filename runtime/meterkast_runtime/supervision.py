"""Keeping several services running side by side."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from meterkast_runtime.backoff import Backoff
from meterkast_runtime.errors import MeterkastError
from meterkast_runtime.log import get_logger

STABLE_S = 60.0
PATIENCE_S = 0.5

log = get_logger("service")


class Service(Protocol):
    """A part that runs until it is cancelled, and then ends in order."""

    name: str

    async def run(self, ready: Callable[[], None]) -> None:
        """Do the work; call `ready` when it is up."""


def unheeded() -> None:
    """Take no notice of being ready."""


async def supervise(
    services: Sequence[Callable[[], Service]],
    *,
    ready: Callable[[], None] = unheeded,
    backoff: Callable[[], Backoff] = lambda: Backoff(0.5),
) -> None:
    """Run services until cancelled, each built anew with growing waits when it fails; `ready` once all have been up.

    They are stopped in the reverse order; each has half a second before the next is told to stop as well. A service
    that returns has finished and stays so.
    """
    not_yet_up = set(range(len(services)))

    def up(number: int) -> None:
        if number in not_yet_up:
            not_yet_up.discard(number)
            if not not_yet_up:
                ready()

    tasks = [
        asyncio.create_task(_keep_running(build, lambda number=number: up(number), backoff()))  # type: ignore[misc]
        for number, build in enumerate(services)
    ]
    try:
        await asyncio.wait(tasks)
    finally:
        for task in reversed(tasks):
            task.cancel()
            await asyncio.wait([task], timeout=PATIENCE_S)
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_running(build: Callable[[], Service], ready: Callable[[], None], backoff: Backoff) -> None:
    loop = asyncio.get_running_loop()
    name = "a service"
    while True:
        began = loop.time()
        try:
            service = build()
            name = service.name
            await service.run(ready)
        except MeterkastError as error:
            log.error("%s failed: %s", name, error)  # noqa: TRY400 - the sentence says it all
        except Exception as error:
            log.exception("%s failed: %s", name, described(error))  # noqa: TRY401 - the sentence comes first
        else:
            log.info("%s has finished", name)
            return
        if loop.time() - began > STABLE_S:
            backoff.reset()
        wait_s = backoff.next()
        log.info("%s starts again in %.1f s", name, wait_s)
        await asyncio.sleep(wait_s)


def described(error: BaseException) -> str:
    """Kind and text of an error, for people."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
