"""A history service under test, who publishes to it, and waiting for what it has done."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from meterkast_contracts.topics import Topics
from meterkast_history.service import HistoryService
from meterkast_history.settings import HistorySection, HistorySettings
from meterkast_runtime.mqtt import MqttSession, MqttSettings
from meterkast_store import HistoryStore

from tests.brokers import Broker
from tests.history.readings import START, reading

TOPICS = Topics()
GIVE_UP_S = 60.0


def settings_for(broker: Broker, folder: Path, **section: float) -> HistorySettings:
    return HistorySettings(
        mqtt=MqttSettings(host=broker.host, port=broker.port),
        data_dir=folder,
        history=HistorySection.model_validate({"batch_wait_s": 0.05, **section}),
    )


@contextlib.asynccontextmanager
async def running(service: HistoryService) -> AsyncIterator[asyncio.Task[None]]:
    ready = asyncio.Event()
    task = asyncio.create_task(service.run(ready.set))
    async with asyncio.timeout(GIVE_UP_S):
        await ready.wait()
    yield task
    task.cancel()
    await asyncio.wait([task])


@contextlib.asynccontextmanager
async def publisher(broker: Broker) -> AsyncIterator[MqttSession]:
    settings = MqttSettings(host=broker.host, port=broker.port)
    async with MqttSession(settings, client_id="publisher") as session:
        await session.wait_connected()
        yield session


async def until(met: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(GIVE_UP_S):
        while not await met():  # noqa: ASYNC110 - a database tells nobody that it has changed
            await asyncio.sleep(0.2)


async def stored(store: HistoryStore, gateway: str = "home") -> int:
    return len(await store.samples(gateway, START, START + timedelta(days=9), limit=100_000))


async def publish(session: MqttSession, numbers: range, every_s: int = 1) -> None:
    await asyncio.gather(
        *(session.publish(TOPICS.reading("home"), reading(n, every_s=every_s).to_json(), retain=True) for n in numbers)
    )


async def has(store: HistoryStore, count: int) -> bool:
    return await stored(store) == count
