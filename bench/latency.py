"""From a raw telegram published to its event on the browser's stream."""

import asyncio
import statistics
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
from meterkast_reader.simulator import Meter
from meterkast_runtime.mqtt import MqttSession, MqttSettings

from bench.report import Figure, Section
from tests.brokers import Broker, Mosquitto, free_port
from tests.pipeline.parts import Part, settings_for

SECONDS = 20
FLEETS = (1, 100)
_PATIENCE_S = 60

Times = dict[tuple[str, str], float]


def measure() -> Section:
    """Median and 99th percentile of the way, beside those of the broker alone."""
    figures = []
    for gateways in FLEETS:
        way, broker = asyncio.run(_measure(gateways))
        median, late = _percentiles(way)
        bare, bare_late = _percentiles(broker)
        name = "1 gateway" if gateways == 1 else f"{gateways} gateways"
        value = (
            f"median {median * 1e3:.1f} ms, p99 {late * 1e3:.1f} ms; the broker alone {bare * 1e3:.1f} and "
            f"{bare_late * 1e3:.1f} ms; {median / bare:.1f} times the broker"
        )
        figures.append(Figure(name, value))
    return Section(
        "Raw telegram published to event on the live stream",
        f"Mosquitto, parser and API as processes of their own, DSMR 5 telegrams, each gateway one a second for "
        f"{SECONDS} seconds, spread over the second. The broker alone: from publishing to our own subscription.",
        figures,
    )


async def _measure(gateways: int) -> tuple[list[float], list[float]]:
    """Seconds from publish to event, and from publish to a subscriber."""
    with tempfile.TemporaryDirectory() as folder, Mosquitto(Path(folder) / "broker") as broker:
        port = free_port()
        parts = [
            Part(name, Path(folder), settings_for(broker, "simulator", api_port=port)) for name in ("parser", "api")
        ]
        for part in parts:
            part.start()
        try:
            return await _drive(broker, f"http://127.0.0.1:{port}", gateways)
        finally:
            for part in parts:
                part.kill()


async def _drive(broker: Broker, url: str, gateways: int) -> tuple[list[float], list[float]]:
    session = MqttSession(
        MqttSettings(host=broker.host, port=broker.port),
        client_id="bench",
        subscriptions=["dsmr/+/telegram"],
        persistent=False,
    )
    sent: Times = {}
    events: Times = {}
    echoes: list[float] = []
    async with asyncio.timeout(_PATIENCE_S + SECONDS), session, _stream(url) as lines:
        await session.wait_connected()
        listening = [asyncio.create_task(_events(lines, events)), asyncio.create_task(_echoes(session, sent, echoes))]
        await _until_live(session, events)
        sent.clear()
        events.clear()
        await _send(session, sent, gateways)
        while len(events) < len(sent):  # noqa: ASYNC110 - rare, and nothing is timed by it
            await asyncio.sleep(0.2)
        for task in listening:
            task.cancel()
    return [events[key] - at for key, at in sent.items()], echoes


async def _send(session: MqttSession, sent: Times, gateways: int) -> None:
    """One telegram of each gateway per second, spread evenly."""
    loop = asyncio.get_running_loop()
    moment = int(datetime.now(UTC).timestamp())
    meter = Meter("nl-dsmr5", 3, starts=datetime.fromtimestamp(moment, UTC))
    telegrams = [raw for second in range(SECONDS) if (raw := meter.telegram(moment + second))]
    began = loop.time()
    for second, raw in enumerate(telegrams):
        stamp = datetime.fromtimestamp(moment + second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for number in range(gateways):
            await asyncio.sleep(began + second + number / gateways - loop.time())
            sent[f"g{number}", stamp] = loop.time()
            session.publish(f"dsmr/g{number}/telegram", raw)


async def _until_live(session: MqttSession, events: Times) -> None:
    """Publish under another name until the whole way is open."""
    moment = int(datetime.now(UTC).timestamp())
    meter = Meter("nl-dsmr5", 3, starts=datetime.fromtimestamp(moment, UTC))
    while not events:
        moment += 1
        await session.publish("dsmr/warm-up/telegram", meter.telegram(moment) or b"")
        await asyncio.sleep(0.2)


@asynccontextmanager
async def _stream(url: str) -> AsyncIterator[AsyncIterator[str]]:
    async with httpx.AsyncClient(timeout=None) as client:
        while True:
            try:
                await client.get(f"{url}/api/v1/meters")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.1)
        async with client.stream("GET", f"{url}/api/v1/stream") as answer:
            yield answer.aiter_lines()


async def _events(lines: AsyncIterator[str], events: Times) -> None:
    now = asyncio.get_running_loop().time
    kind = ""
    async for line in lines:
        if line.startswith("event:"):
            kind = line.removeprefix("event:").strip()
        elif line.startswith("data:") and kind == "reading":
            at = now()
            reading = orjson.loads(line.removeprefix("data:"))
            events.setdefault((reading["gateway"], reading["measured_at"]), at)


async def _echoes(session: MqttSession, sent: Times, echoes: list[float]) -> None:
    now = asyncio.get_running_loop().time
    async for message in session.messages():
        message.ack()
        gateway = message.topic.split("/")[1]
        latest = max((at for (name, _), at in sent.items() if name == gateway), default=None)
        if latest is not None:
            echoes.append(now() - latest)


def _percentiles(seconds: list[float]) -> tuple[float, float]:
    ordered = sorted(seconds)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
