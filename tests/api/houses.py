"""An API on a real broker, and what tests send to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import httpx
from meterkast_api.access.scopes import Caller, Recognise, Scope
from meterkast_api.compat.settings import CompatSection
from meterkast_api.service import ApiService
from meterkast_api.settings import ApiSection, ApiSettings
from meterkast_contracts.messages import Event, Reading
from meterkast_contracts.topics import Topics
from meterkast_runtime.mqtt import MqttSession, MqttSettings
from meterkast_store.errors import StoreError
from meterkast_store.history import (
    POWER_FIELDS,
    Batch,
    HistoryStore,
    MeterInfo,
    Period,
    PowerCurve,
    Sample,
    Standing,
    Usage,
)
from pydantic import SecretStr

from tests.brokers import Broker

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
TOPICS = Topics()
OWNER = Caller("owner", frozenset(Scope))


def reading(*, gateway: str = "home", at: datetime = NOON, power: int = 424) -> bytes:
    """A reading as the parser publishes it."""
    return Reading(
        gateway=gateway,
        identification="MTK5\\Z1",
        meter_id="E0001",
        measured_at=at,
        received_at=at + timedelta(milliseconds=200),
        values={"power_import_w": power, "power_export_w": 0, "energy_import_t1_kwh": Decimal("4521.100")},
    ).to_json()


@dataclass
class ScriptedStore:
    """A history that answers what the test says, or raises what the test says."""

    usage_answer: Usage | None = None
    power_answer: PowerCurve | None = None
    event_list: Sequence[Event] = ()
    infos: Sequence[MeterInfo] = ()
    trouble: StoreError | None = None
    opening_trouble: StoreError | None = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        if self.opening_trouble is not None:
            raise self.opening_trouble
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.asked.append(("closed",))

    def _ask(self, *question: Any) -> None:
        self.asked.append(question)
        if self.trouble is not None:
            raise self.trouble

    async def write(self, batch: Batch) -> None:
        self._ask("write", batch)

    async def insert(self, batch: Batch) -> None:
        self._ask("insert", batch)

    async def standings(self, gateway: str, kind: str, meter: str, start: datetime, end: datetime) -> list[Standing]:
        self._ask("standings", gateway, kind, meter, start, end)
        return []

    async def meters(self, gateway: str | None = None) -> list[MeterInfo]:
        self._ask("meters", gateway)
        return [info for info in self.infos if gateway in (None, info.gateway)]

    async def power(
        self, gateway: str, start: datetime, end: datetime, points: int, fields: Sequence[str] = POWER_FIELDS
    ) -> PowerCurve:
        self._ask("power", gateway, start, end, points, tuple(fields))
        return self.power_answer or PowerCurve(gateway, start, end, (end - start).total_seconds() / points, ())

    async def usage(self, gateway: str, start: datetime, end: datetime, per: Period, timezone: ZoneInfo) -> Usage:
        self._ask("usage", gateway, start, end, per, timezone)
        return self.usage_answer or Usage(gateway, per, timezone.key, (), ())

    async def events(self, gateway: str, start: datetime, end: datetime, limit: int = 1000) -> list[Event]:
        self._ask("events", gateway, start, end, limit)
        return list(self.event_list)

    async def samples(self, gateway: str, start: datetime, end: datetime, limit: int = 10_000) -> list[Sample]:
        self._ask("samples", gateway, start, end, limit)
        return []

    async def latest(self, gateway: str) -> Sample | None:
        self._ask("latest", gateway)
        return None

    async def prune(self, now: datetime) -> int:
        self._ask("prune", now)
        return 0


@dataclass
class House:
    """A running API, a client of it, and a way to publish what it listens to."""

    service: ApiService
    client: httpx.AsyncClient
    bus: MqttSession
    task: asyncio.Task[None]

    async def publish(self, topic: str, payload: bytes | str, *, retain: bool = False) -> None:
        """Publish and wait until the broker has it."""
        await self.bus.publish(topic, payload, retain=retain)

    async def send_reading(self, *, gateway: str = "home", at: datetime = NOON, power: int = 424) -> bytes:
        """Publish a reading as the parser does, and return it."""
        payload = reading(gateway=gateway, at=at, power=power)
        await self.publish(TOPICS.reading(gateway), payload, retain=True)
        return payload

    async def get(self, path: str, **parameters: Any) -> httpx.Response:
        """Ask the API."""
        return await self.client.get(path, params=parameters)

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Wait until a condition holds."""
        async with asyncio.timeout(10):
            while not await condition():  # noqa: ASYNC110 - a condition of another process
                await asyncio.sleep(0.01)

    async def until_found(self, path: str) -> httpx.Response:
        """Wait until the API knows something, and return it."""

        async def found() -> bool:
            return (await self.get(path)).status_code == 200

        await self.until(found)
        return await self.get(path)

    async def stop(self) -> None:
        """Stop the API."""
        self.task.cancel()
        await asyncio.wait([self.task])


def settings_for(broker: Broker, compat: CompatSection | None = None, **api: Any) -> ApiSettings:
    """Settings of an API on a free port; `hold` may be less than a person may set, so that few gateways are many."""
    hold = api.pop("hold", "all")
    return ApiSettings(
        mqtt=MqttSettings(host=broker.host, port=broker.port),
        data_dir=broker.directory,
        api=ApiSection(**{"port": 0, "heartbeat_s": 15, **api}).model_copy(update={"hold": hold}),
        compat=compat or CompatSection(),
    )


def _client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=20, limits=httpx.Limits(max_connections=None))


@asynccontextmanager
async def house(
    broker: Broker,
    store: HistoryStore | None = None,
    *,
    static: Path | None = None,
    retry_s: float = 5,
    caller: Caller | None = None,
    setup_code: str | None = None,
    recognise: Recognise | None = None,
    compat: CompatSection | None = None,
    companion: SecretStr | None = None,
    **api: Any,
) -> AsyncIterator[House]:
    """Run an API that is up and connected; where a caller is given, everybody who asks is that one."""
    settings = settings_for(broker, compat, **api)
    service = ApiService(
        settings,
        store or ScriptedStore(),
        static=static or broker.directory / "no-page",
        history_retry_s=retry_s,
        setup_code=setup_code,
        recognise=recognise or (None if caller is None else lambda _scope: caller),
        companion=companion,
    )
    up = asyncio.Event()
    task = asyncio.create_task(service.run(up.set))
    waiting = asyncio.create_task(up.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        waiting.cancel()
        task.result()
    bus = MqttSession(settings.mqtt, client_id=f"test-{service.port}", persistent=False)
    async with bus, _client(service.url) as client:
        running = House(service, client, bus, task)

        async def well() -> bool:
            health: dict[str, Any] = json.loads((await running.get("/health")).content)
            checks: dict[str, str] = health.get("checks", {})
            return health == {"status": "ok"} or checks.get("mqtt") == "connected"

        await bus.wait_connected()
        await running.until(well)
        try:
            yield running
        finally:
            await running.stop()
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
