"""The parser end to end over Mosquitto, beside paho doing nothing but receive and publish the same bytes."""

import asyncio
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import psutil
from meterkast_contracts.topics import Topics
from meterkast_parser.gateway import Gateway, Options
from meterkast_reader.simulator import Meter
from meterkast_runtime.mqtt import MqttSession, MqttSettings

from bench.report import Figure, Section
from tests.brokers import Broker, Mosquitto
from tests.pipeline.parts import Part, settings_for

TELEGRAMS = 4000
WARM_UP = 200
AT_A_TIME = 50
ROUNDS = 3
_PATIENCE_S = 120


def measure() -> Section:
    """Telegrams per second of one core: the parser's, the bare limit's, and their ratio."""
    telegrams = _telegrams()
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "answers"
        answers.write_bytes(pickle.dumps(_answers(telegrams)))
        rates: dict[str, list[float]] = {"parser": [], "bare": []}
        for round_ in range(ROUNDS):
            for name, found in rates.items():
                with Mosquitto(Path(folder) / f"{name}{round_}") as broker:
                    found.append(_rate(name, broker, telegrams, answers))
    parser, bare = sorted(rates["parser"])[ROUNDS // 2], sorted(rates["bare"])[ROUNDS // 2]
    messages = sum(map(len, _answers(telegrams))) / len(telegrams)
    return Section(
        "Parser end to end",
        f"Mosquitto, QoS 1, manual acknowledgement; per telegram {messages:.0f} messages (reading and changed values). "
        "The bare limit is a paho client that receives the same telegrams and publishes the same messages without "
        "looking at them. No more than 50 telegrams are under way, so that neither has to queue. CPU time of the "
        "process alone, median of three.",
        (
            Figure("**parser against the bare limit**", f"{parser / bare:.2f}", "≥ 0.5"),
            Figure("parser", f"{parser:.0f} telegrams/s per core"),
            Figure("bare paho", f"{bare:.0f} telegrams/s per core"),
        ),
    )


def _telegrams() -> list[bytes]:
    now = int(datetime.now(UTC).timestamp()) - TELEGRAMS - WARM_UP
    meter = Meter("nl-dsmr5", 3, starts=datetime.fromtimestamp(now, UTC))
    return [raw for second in range(TELEGRAMS + WARM_UP) if (raw := meter.telegram(now + second))]


def _answers(telegrams: Sequence[bytes]) -> list[list[tuple[str, bytes, bool]]]:
    """What the parser publishes for each."""
    gateway = Gateway("home", Options(zone=ZoneInfo("Europe/Amsterdam"), topics=Topics()), time.monotonic)
    now = datetime.now(UTC)
    return [[(item.topic, item.payload, item.retain) for item in gateway.take(raw, now)] for raw in telegrams]


def _rate(name: str, broker: Broker, telegrams: Sequence[bytes], answers: Path) -> float:
    if name == "bare":
        process = subprocess.Popen([sys.executable, "-m", "bench.bare", str(broker.port), str(answers)])
        try:
            return asyncio.run(_feed(broker, telegrams, process.pid))
        finally:
            process.kill()
            process.wait()
    part = Part("parser", broker.directory, settings_for(broker, "simulator"))
    part.start()
    try:
        return asyncio.run(_feed(broker, telegrams, part.pid))
    finally:
        part.kill()


async def _feed(broker: Broker, telegrams: Sequence[bytes], pid: int) -> float:
    """Publish all telegrams and wait for all readings; telegrams per second of the process's CPU time."""
    settings = MqttSettings(host=broker.host, port=broker.port)
    process = psutil.Process(pid)
    session = MqttSession(settings, client_id="feed", subscriptions=["dsmr/home/reading"], persistent=False)
    async with session, asyncio.timeout(_PATIENCE_S):
        await session.wait_connected()
        readings = Readings(session)
        async with readings:
            while not readings.count:  # until somebody listens
                await session.publish("dsmr/home/telegram", telegrams[0])
                await asyncio.sleep(0.2)
            await _send(session, telegrams[1:WARM_UP], readings)
            before = _cpu(process)
            await _send(session, telegrams[WARM_UP:], readings)
            return (len(telegrams) - WARM_UP) / (_cpu(process) - before)


class Readings:
    """Counts the readings that come."""

    def __init__(self, session: MqttSession) -> None:
        self.count = 0
        self._session = session

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._take())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _take(self) -> None:
        async for message in self._session.messages():
            message.ack()
            self.count += 1


async def _send(session: MqttSession, telegrams: Sequence[bytes], readings: Readings) -> None:
    """Publish them, so many at a time that nobody has to queue, and wait until each has become a reading."""
    for start in range(0, len(telegrams), AT_A_TIME):
        some = telegrams[start : start + AT_A_TIME]
        wanted = readings.count + len(some)
        await asyncio.gather(*(session.publish("dsmr/home/telegram", raw) for raw in some))
        while readings.count < wanted:  # noqa: ASYNC110 - a poll costs the measured process nothing
            await asyncio.sleep(0.005)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
