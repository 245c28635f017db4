"""`python -m bench.fleet_api`: what an API costs that holds all of ten thousand gateways, or few of them."""

import asyncio
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
from meterkast_contracts.topics import Topics
from meterkast_parser.decode import decode
from meterkast_reader.simulator import Meter
from meterkast_runtime.mqtt import MqttSession, MqttSettings

from bench.report import Figure, Section
from tests.brokers import Broker, Mosquitto, free_port
from tests.pipeline.dial import ZONE
from tests.pipeline.parts import Part, settings_for

GATEWAYS = 10_000
HELD = 200
ASKED = 100
TELEGRAMS_PER_S = 500
QUESTIONS_PER_S = 20
SECONDS = 30.0
UNDER_WAY = 500
TOPICS = Topics()


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time as a share of one core, resident memory, and how long a question takes."""

    cores: float
    megabytes: float
    median_ms: float
    slowest_ms: float


def measure() -> Section:
    """The API that holds all against the API that holds few, by the same traffic and the same questions."""
    everything, few = (asyncio.run(_measure(hold)) for hold in ("all", str(HELD)))
    return Section(
        "The API beside a fleet",
        f"{GATEWAYS:,} gateways with a retained status, device and reading on one Mosquitto; then for {SECONDS:g} s "
        f"{TELEGRAMS_PER_S} telegrams a second with their readings, and {QUESTIONS_PER_S} questions a second for the "
        f"reading of one of {ASKED} gateways. Processor time and resident memory of the API's process alone.",
        [
            Figure("processor, all against hold", f"{everything.cores / few.cores:.1f} times", "≥ 3 times"),
            Figure("memory, all against hold", f"{everything.megabytes / few.megabytes:.1f} times"),
            *_figures('hold = "all"', everything),
            *_figures(f"hold = {HELD}", few),
        ],
    )


def _figures(name: str, cost: Cost) -> Sequence[Figure]:
    return (
        Figure(f"{name}: processor", f"{cost.cores:.1%} of a core"),
        Figure(f"{name}: resident memory", f"{cost.megabytes:.0f} MB"),
        Figure(f"{name}: a question", f"median {cost.median_ms:.1f} ms, slowest {cost.slowest_ms:.0f} ms"),
    )


async def _measure(hold: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder, Mosquitto(Path(folder) / "broker") as broker:
        port = free_port()
        settings = settings_for(broker, "simulator", api_port=port) | {"METERKAST_API__HOLD": hold}
        async with _publisher(broker) as session:
            await session.wait_connected()
            pairs = _pairs()
            await _fill(session, pairs[0])
            part = Part("api", Path(folder), settings)
            part.start()
            try:
                return await _drive(session, part, f"http://127.0.0.1:{port}", pairs)
            finally:
                part.kill()


def _publisher(broker: Broker) -> MqttSession:
    return MqttSession(MqttSettings(host=broker.host, port=broker.port), client_id="bench", persistent=False)


def _pairs(count: int = 300) -> list[tuple[bytes, bytes]]:
    """Telegrams of one meter and their readings, a second apart."""
    began = datetime.now(UTC).replace(microsecond=0)
    meter = Meter("nl-dsmr5", 1, starts=began)
    pairs = []
    for second in range(count):
        at = began + timedelta(seconds=second)
        if (raw := meter.telegram(int(at.timestamp()))) is not None:
            pairs.append((raw, decode(raw, gateway="GATEWAY", received_at=at, zone=ZONE).to_json()))
    return pairs


def _name(number: int) -> str:
    return f"house-{number:05}"


async def _fill(session: MqttSession, pair: tuple[bytes, bytes]) -> None:
    for number in range(GATEWAYS):
        name = _name(number)
        session.publish(TOPICS.status(name), "online", retain=True)
        session.publish(TOPICS.device(name), b'{"gateway":"%b","version":"1.0"}' % name.encode(), retain=True)
        done = session.publish(TOPICS.reading(name), pair[1].replace(b"GATEWAY", name.encode()), retain=True)
        if number % UNDER_WAY == 0:
            await done
    await session.flush()


async def _drive(session: MqttSession, part: Part, url: str, pairs: Sequence[tuple[bytes, bytes]]) -> Cost:
    process = psutil.Process(part.pid)
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        await _until_all_are_known(client)
        sending = asyncio.create_task(_send(session, pairs))
        await _ask(client, SECONDS / 6)
        before = process.cpu_times()
        took = await _ask(client, SECONDS)
        after = process.cpu_times()
        sending.cancel()
        await asyncio.wait([sending])
    used = after.user + after.system - before.user - before.system
    took.sort()
    return Cost(used / SECONDS, process.memory_info().rss / 1e6, took[len(took) // 2] * 1e3, took[-1] * 1e3)


async def _until_all_are_known(client: httpx.AsyncClient) -> None:
    """Wait until every status has come, and what is retained of those that will be asked for."""
    while True:
        try:
            lines = (await client.get("/api/v1/meters", params={"limit": GATEWAYS})).json()
            asked = await asyncio.gather(*(client.get(f"/api/v1/meters/{name}/actual") for name in _asked()))
            if len(lines) == GATEWAYS and all(answer.is_success for answer in asked):
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.2)


def _asked() -> list[str]:
    return [_name(number * (GATEWAYS // ASKED)) for number in range(ASKED)]


async def _send(session: MqttSession, pairs: Sequence[tuple[bytes, bytes]]) -> None:
    """Telegrams and readings of all gateways in turn, evenly."""
    loop = asyncio.get_running_loop()
    began, sent = loop.time(), 0
    while True:
        while sent < (loop.time() - began) * TELEGRAMS_PER_S:
            name = _name(sent % GATEWAYS)
            raw, wire = pairs[sent // GATEWAYS % (len(pairs) - 1) + 1]
            session.publish(TOPICS.telegram(name), raw)
            session.publish(TOPICS.reading(name), wire.replace(b"GATEWAY", name.encode()), retain=True)
            sent += 1
        await asyncio.sleep(0.01)


async def _ask(client: httpx.AsyncClient, seconds: float) -> list[float]:
    """Seconds that each question took."""
    loop = asyncio.get_running_loop()
    chance = random.Random(1)
    took: list[float] = []
    ends = loop.time() + seconds
    while (now := loop.time()) < ends:
        answer = await client.get(f"/api/v1/meters/{chance.choice(_asked())}/actual")
        answer.raise_for_status()
        took.append(loop.time() - now)
        await asyncio.sleep(max(0.0, 1 / QUESTIONS_PER_S - took[-1]))
    return took


if __name__ == "__main__":
    sys.stdout.write(measure().text())
