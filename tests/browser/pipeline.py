"""The real pipeline behind the page: a broker, parser, history and API, fed with telegrams by a test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from meterkast_api.__main__ import build as build_api
from meterkast_api.settings import ApiSection, ApiSettings
from meterkast_contracts.messages import DeviceInfo, HealthStatus, ServiceHealth
from meterkast_contracts.topics import ONLINE, Topics, service_status
from meterkast_history.__main__ import build_history
from meterkast_history.settings import HistorySettings
from meterkast_parser.__main__ import build_parser
from meterkast_parser.settings import ParserSettings
from meterkast_reader.service import ReaderService
from meterkast_reader.settings import ReaderSection, ReaderSettings
from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import MqttSession, MqttSettings
from meterkast_runtime.service import Service
from meterkast_runtime.settings import HomeSection

from tests.brokers import Broker, free_port

TOPICS = Topics()
STORED_WITHIN_S = 60.0


class Pipeline:
    """All services in this process, each to be stopped and started again at the same place."""

    def __init__(self, broker: Broker, directory: Path, timezone: str, bus: MqttSession, **api: Any) -> None:
        self.source = "simulator:nl-dsmr5?seed=7"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._common: dict[str, Any] = {
            "mqtt": MqttSettings(host=broker.host, port=broker.port),
            "data_dir": directory,
            "home": HomeSection(timezone=timezone),
        }
        self._api = api
        self._bus = bus
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Start everything but the reader, and wait until it is up."""
        for name in ("history", "parser", "api"):
            await self.start_service(name)

    async def start_service(self, name: str) -> None:
        """Start one service and wait until it is up."""
        service = self._build(name)
        ready = asyncio.Event()
        task = asyncio.create_task(service.run(ready.set))
        self._tasks[name] = task
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            waiting.cancel()
            task.result()

    async def stop_service(self, name: str) -> None:
        """Stop one service in order."""
        task = self._tasks.pop(name)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def stop(self) -> None:
        """Stop what runs."""
        for name in list(self._tasks):
            await self.stop_service(name)

    async def send(self, telegram: bytes, at: datetime | None = None, gateway: str = "home") -> None:
        """Publish a telegram, as received at a time if one is given."""
        topic = TOPICS.telegram(gateway) if at is None else TOPICS.late_telegram(gateway, int(at.timestamp() * 1000))
        await self._bus.publish(topic, telegram)

    async def send_all(self, telegrams: Iterable[tuple[datetime, bytes]], gateway: str = "home") -> None:
        """Publish telegrams received in the past, oldest first, a hundred at a time."""
        batch = []
        for at, telegram in telegrams:
            batch.append(self.send(telegram, at, gateway))
            if len(batch) == 100:
                await asyncio.gather(*batch)
                batch.clear()
        await asyncio.gather(*batch)

    async def online(self, gateway: str = "home") -> None:
        """Say that the gateway is there."""
        await self._bus.publish(TOPICS.status(gateway), ONLINE, retain=True)

    async def introduce(self, device: DeviceInfo) -> None:
        """Publish what a gateway says of itself."""
        await self._bus.publish(TOPICS.device(device.gateway), device.to_json(), retain=True)

    async def tell(self, service: str, status: HealthStatus, detail: str | None = None) -> None:
        """Publish the health of a service."""
        now = datetime.now(UTC)
        health = ServiceHealth(
            service=service, instance="main", status=status, version="1.2.3", at=now, started_at=now, detail=detail
        )
        await self._bus.publish(service_status(service, "main"), health.to_json(), retain=True)

    async def until(self, path: str, holds: Callable[[Any], bool]) -> Any:
        """Ask the API until the answer is as wanted."""
        async with asyncio.timeout(STORED_WITHIN_S), httpx.AsyncClient(base_url=self.url) as client:
            while True:
                answer = await client.get(path)
                if answer.status_code == httpx.codes.OK and holds(answer.json()):
                    return answer.json()
                await asyncio.sleep(0.05)

    def _build(self, name: str) -> Service:
        if name == "history":
            history = HistorySettings(**self._common)
            return build_history(history, Health("history", history.instance))
        if name == "parser":
            parser = ParserSettings(**self._common)
            return build_parser(parser, Health("parser", parser.instance))
        if name == "reader":
            reader = ReaderSettings(reader=ReaderSection(source=self.source), **self._common)
            return ReaderService(reader, Health("reader", reader.instance))
        return build_api(ApiSettings(api=ApiSection(port=self.port, **self._api), **self._common))


@asynccontextmanager
async def running(
    broker: Broker, directory: Path, timezone: str = "Europe/Amsterdam", **api: Any
) -> AsyncIterator[Pipeline]:
    """A pipeline that runs, with settings of its API's section, and a session to feed it."""
    settings = MqttSettings(host=broker.host, port=broker.port)
    async with MqttSession(settings, client_id="test-gateway", persistent=False) as bus:
        await bus.wait_connected()
        pipeline = Pipeline(broker, directory, timezone, bus, **api)
        try:
            await pipeline.start()
            yield pipeline
        finally:
            await pipeline.stop()


def seconds_ago(count: float) -> datetime:
    """The whole second so long ago."""
    return datetime.fromtimestamp(int(datetime.now(UTC).timestamp() - count), UTC)
