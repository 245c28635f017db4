"""Services side by side: restarted when they fail, stopped in reverse order."""

import asyncio
from collections.abc import Callable
from itertools import count

import pytest
import structlog
from meterkast_runtime.backoff import Backoff
from meterkast_runtime.errors import MeterkastError
from meterkast_runtime.supervision import Service, supervise

from tests.runtime.sessions import until


class Steady:
    """Runs until cancelled; notes its start and end in a diary."""

    def __init__(self, name: str, diary: list[str]) -> None:
        self.name = name
        self.diary = diary

    async def run(self, ready: Callable[[], None]) -> None:
        self.diary.append(f"{self.name} starts")
        ready()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.diary.append(f"{self.name} ends")


class Failing:
    """Fails so many times with the error given, then runs until cancelled."""

    name = "failing"

    def __init__(self, runs: "count[int]", times: int, error: Exception) -> None:
        self.runs = runs
        self.times = times
        self.error = error

    async def run(self, ready: Callable[[], None]) -> None:
        if next(self.runs) < self.times:
            raise self.error
        ready()
        await asyncio.Event().wait()


class Deaf:
    """Takes no notice of being cancelled, once."""

    name = "deaf"

    async def run(self, ready: Callable[[], None]) -> None:
        ready()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.7)


class Finishing:
    """Returns at once."""

    name = "finishing"

    async def run(self, ready: Callable[[], None]) -> None:
        ready()


def quick() -> Backoff:
    return Backoff(0.01, 0.02)


async def cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_services_are_ready_together_and_stopped_in_reverse_order() -> None:
    """All run side by side; when stopped, the last started ends first."""
    diary: list[str] = []
    services = [lambda name=name: Steady(name, diary) for name in ("broker", "parser", "reader")]
    task = asyncio.create_task(supervise(services, ready=lambda: diary.append("ready")))
    await until(lambda: "ready" in diary)
    await cancelled(task)
    assert diary == [
        "broker starts",
        "parser starts",
        "reader starts",
        "ready",
        "reader ends",
        "parser ends",
        "broker ends",
    ]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MeterkastError("the port is gone", hint="plug it in"), "failing failed: the port is gone: plug it in"),
        (ZeroDivisionError("by nought"), "failing failed: ZeroDivisionError: by nought"),
        (KeyError(), "failing failed: KeyError"),
    ],
)
async def test_a_service_that_fails_is_started_again(error: Exception, sentence: str) -> None:
    """A failed service is built anew, the others are left alone, and the log has one sentence for each failure."""
    runs, diary = count(), list[str]()
    services: list[Callable[[], Service]] = [
        lambda: Steady("steady", diary),
        lambda: Failing(runs, 3, error),
    ]
    ready = asyncio.Event()
    with structlog.testing.capture_logs() as lines:
        task = asyncio.create_task(supervise(services, ready=ready.set, backoff=quick))
        async with asyncio.timeout(30):
            await ready.wait()
        assert diary == ["steady starts"]
        await cancelled(task)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == [sentence] * 3


async def test_a_service_that_cannot_be_built_is_tried_again() -> None:
    """A failure to build counts as a failure of the service."""
    builds = count()

    def build() -> Service:
        if next(builds) < 2:
            raise MeterkastError("the folder is read-only")
        return Steady("late", [])

    ready = asyncio.Event()
    task = asyncio.create_task(supervise([build], ready=ready.set, backoff=quick))
    async with asyncio.timeout(30):
        await ready.wait()
    await cancelled(task)


async def test_a_service_that_returns_has_finished() -> None:
    """A service that returns is not started again, and with the last one supervision ends."""
    async with asyncio.timeout(30):
        await supervise([Finishing, Finishing], backoff=quick)


async def test_one_that_does_not_stop_does_not_keep_the_others_from_stopping() -> None:
    """After half a second the next service is told to stop as well."""
    diary: list[str] = []
    ready = asyncio.Event()
    services: list[Callable[[], Service]] = [lambda: Steady("steady", diary), Deaf]
    task = asyncio.create_task(supervise(services, ready=ready.set))
    async with asyncio.timeout(30):
        await ready.wait()
    task.cancel()
    await until(lambda: "steady ends" in diary)
    assert not task.done()
    await until(task.done)


def test_waits_grow_to_a_bound_and_begin_anew_after_success() -> None:
    """Each wait lies between nothing and a bound that doubles up to the greatest, until it is reset."""
    backoff = Backoff(0.2, 30)
    waits = [backoff.next() for _ in range(1000)]
    assert all(wait <= 0.2 * 2**number for number, wait in enumerate(waits[:8]))
    assert 25 < max(waits) <= 30
    assert 10 < sum(waits[10:]) / len(waits[10:]) < 20
    backoff.reset()
    assert backoff.next() <= 0.2
