"""`python -m bench.fleet_api`: what an API costs that holds all of ten thousand gateways, or few of them."""

import asyncio
import random
import sys
import tempfile
from collections.abc import Awaitable, Sequence
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
TELEGRAMS_PER_S = 1000
QUESTIONS_PER_S = 20
SECONDS = 20.0
UNDER_WAY = 500
TOPICS = Topics()

Pair = tuple[bytes, bytes]
"""A telegram and its reading."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time as shares of one core, without questions and with; memory beyond an idle API's; answers' times."""

    quiet: float
    asked: float
    megabytes: float
    median_ms: float
    slowest_ms: float


def measure() -> Section:
    """The API that holds all against the API that holds few, by the same traffic and the same questions."""
    everything, few = (asyncio.run(_measure(hold)) for hold in ("all", str(HELD)))
    return Section(
        "The API beside a fleet",
        f"{GATEWAYS:,} gateways with a retained status, device and reading on one Mosquitto, and {TELEGRAMS_PER_S:,} "
        f"telegrams a second with their readings. {SECONDS:g} s without questions, then {SECONDS:g} s with "
        f"{QUESTIONS_PER_S} a second for the reading of one of {ASKED} gateways. Processor time and resident memory of "
        "the API's process alone; memory is what it has grown by since it was up and had heard of nobody.",
        [
            Figure("**processor, all against few**", f"{_times(everything.quiet, few.quiet)}"),
            Figure("processor with questions, all against few", f"{_times(everything.asked, few.asked)}"),
            Figure("**memory, all against few**", f"{_times(everything.megabytes, few.megabytes)}"),
            *_figures('hold = "all"', everything),
            *_figures(f"hold = {HELD}", few),
        ],
    )


def _times(all_of_them: float, few: float) -> str:
    return f"{all_of_them / few:.1f} times"


def _figures(name: str, cost: Cost) -> Sequence[Figure]:
    return (
        Figure(f"{name}: processor", f"{cost.quiet:.2%} of a core, with questions {cost.asked:.1%}"),
        Figure(f"{name}: memory", f"{cost.megabytes:.1f} MB"),
        Figure(f"{name}: a question", f"median {cost.median_ms:.1f} ms, slowest {cost.slowest_ms:.0f} ms"),
    )


async def _measure(hold: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder, Mosquitto(Path(folder) / "broker") as broker:
        port = free_port()
        part = Part(
            "api", Path(folder), settings_for(broker, "simulator", api_port=port) | {"METERKAST_API__HOLD": hold}
        )
        part.start()
        try:
            async with (
                _publisher(broker) as session,
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
            ):
                await session.wait_connected()
                await _until_known(client, 0)
                process = psutil.Process(part.pid)
                idle = process.memory_info().rss
                pairs = _pairs()
                await _fill(session, pairs[0])
                await _until_known(client, GATEWAYS)
                return await _drive(session, client, process, pairs, idle)
        finally:
            part.kill()


def _publisher(broker: Broker) -> MqttSession:
    return MqttSession(MqttSettings(host=broker.host, port=broker.port), client_id="bench", persistent=False)


def _pairs(count: int = 300) -> list[Pair]:
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


async def _fill(session: MqttSession, pair: Pair) -> None:
    for number in range(GATEWAYS):
        name = _name(number)
        session.publish(TOPICS.status(name), "online", retain=True)
        session.publish(TOPICS.device(name), b'{"gateway":"%b","version":"1.0"}' % name.encode(), retain=True)
        done = session.publish(TOPICS.reading(name), pair[1].replace(b"GATEWAY", name.encode()), retain=True)
        if number % UNDER_WAY == 0:
            await done
    await session.flush()


async def _drive(
    session: MqttSession, client: httpx.AsyncClient, process: psutil.Process, pairs: Sequence[Pair], idle: int
) -> Cost:
    sending = asyncio.create_task(_send(session, pairs))
    await _ask(client, SECONDS / 4)
    quiet = await _share(process, asyncio.sleep(SECONDS))
    took: list[float] = []
    asked = await _share(process, _ask(client, SECONDS, took))
    sending.cancel()
    await asyncio.wait([sending])
    took.sort()
    grown = process.memory_info().rss - idle
    return Cost(quiet, asked, grown / 1e6, took[len(took) // 2] * 1e3, took[-1] * 1e3)


async def _share(process: psutil.Process, doing: Awaitable[None]) -> float:
    """Share of one core that the process takes meanwhile."""
    before = process.cpu_times()
    await doing
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / SECONDS


async def _until_known(client: httpx.AsyncClient, count: int) -> None:
    """Wait until so many statuses have come, and what is retained of those that will be asked for."""
    while True:
        try:
            lines = (await client.get("/api/v1/meters", params={"limit": GATEWAYS})).json()
            asked = _asked() if count else []
            answers = await asyncio.gather(*(client.get(f"/api/v1/meters/{name}/actual") for name in asked))
            if len(lines) == count and all(answer.is_success for answer in answers):
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.2)


def _asked() -> list[str]:
    return [_name(number * (GATEWAYS // ASKED)) for number in range(ASKED)]


async def _send(session: MqttSession, pairs: Sequence[Pair]) -> None:
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


async def _ask(client: httpx.AsyncClient, seconds: float, took: list[float] | None = None) -> None:
    """Ask, and note the seconds that each question took."""
    loop = asyncio.get_running_loop()
    chance = random.Random(1)
    ends = loop.time() + seconds
    while (now := loop.time()) < ends:
        answer = await client.get(f"/api/v1/meters/{chance.choice(_asked())}/actual")
        answer.raise_for_status()
        seconds_taken = loop.time() - now
        if took is not None:
            took.append(seconds_taken)
        await asyncio.sleep(max(0.0, 1 / QUESTIONS_PER_S - seconds_taken))


if __name__ == "__main__":
    sys.stdout.write(measure().text())
