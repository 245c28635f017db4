"""What a telegram costs each part of a fleet: processor time, bytes, memory."""

import asyncio
import re
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import psutil
from meterkast_contracts.topics import Topics
from meterkast_history.share import Share
from meterkast_parser.decode import decode
from meterkast_reader.simulator import Meter
from meterkast_runtime.mqtt import MqttSession

from tests.brokers import Broker, free_port
from tests.chaos.test_kill import wait_until_up
from tests.databases import DatabaseServer
from tests.pipeline.dial import ZONE
from tests.pipeline.fleet import DATABASE
from tests.pipeline.parts import Part, settings_for

ROWS = re.compile(r'^meterkast_history_rows_total\{kind="sample"\} ([0-9.e+]+)', re.MULTILINE)
OTHERS = re.compile(r"^meterkast_history_others_messages_total ([0-9.e+]+)", re.MULTILINE)
FOREIGN = 20_000
MEGA = 1e6


class Meters:
    """Reads the counters of writers and broker."""

    def __init__(self, session: MqttSession, writers: Sequence[int]) -> None:
        self.bytes = {"received": 0, "sent": 0}
        self._session = session
        self._writers = writers

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._take())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def written(self) -> int:
        """Readings that the writers have written since their starts."""
        return int(sum(await asyncio.gather(*(asyncio.to_thread(counter, port, ROWS) for port in self._writers))))

    async def reach(self, count: int) -> None:
        """Wait until so many are written."""
        while await self.written() < count:  # noqa: ASYNC110 - a poll costs the measured processes next to nothing
            await asyncio.sleep(0.1)

    async def _take(self) -> None:
        async for message in self._session.messages():
            message.ack()
            self.bytes[message.topic.rpartition("/")[2]] = int(message.payload)


def counter(port: int, pattern: re.Pattern[str]) -> float:
    """Ask a part for one of its counters."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        found = pattern.search(answer.read().decode())
    return float(found[1]) if found else 0.0


@dataclass(frozen=True, slots=True)
class Costs:
    """Counters at one moment, or between two."""

    seconds: dict[str, float]
    received: int
    sent: int
    written: int
    pids: dict[str, int]

    @classmethod
    async def now(cls, broker: Broker, parts: dict[str, Part], meters: Meters) -> Self:
        """Read all counters."""
        assert broker.process is not None
        (database,) = [child.pid for child in psutil.Process().children() if child.name() == "influxd"]
        pids = {
            "Mosquitto": broker.process.pid,
            "InfluxDB": database,
            **{name: part.pid for name, part in parts.items()},
        }
        seconds = {name: cpu(pid) for name, pid in pids.items()}
        return cls(seconds, meters.bytes["received"], meters.bytes["sent"], await meters.written(), pids)

    def since(self, before: "Costs") -> "Costs":
        """Return what was spent since."""
        return Costs(
            {name: spent - before.seconds[name] for name, spent in self.seconds.items()},
            self.received - before.received,
            self.sent - before.sent,
            self.written - before.written,
            self.pids,
        )

    def per_telegram(self) -> dict[str, float]:
        """Microseconds of processor time by part; those of a kind together, since each does a part of the telegrams."""
        kinds: dict[str, float] = {}
        for name, spent in self.seconds.items():
            kind = {"parser": "parsers", "history": "writers", "api": "API"}.get(name.partition("-")[0], name)
            kinds[kind] = kinds.get(kind, 0) + spent / self.written * MEGA
        return kinds

    @property
    def bytes_in(self) -> float:
        """Bytes into the broker for each telegram."""
        return self.received / self.written

    @property
    def bytes_out(self) -> float:
        """Bytes out of the broker for each telegram."""
        return self.sent / self.written

    def memory(self, parts: dict[str, Part]) -> dict[str, float]:
        """Resident megabytes by part now, the largest of each kind."""
        pids = {name: pid for name, pid in self.pids.items() if name not in parts}
        sizes: dict[str, float] = {}
        for name, pid in (*pids.items(), *((name, part.pid) for name, part in parts.items())):
            kind = {"parser": "a parser", "history": "a writer", "api": "API"}.get(name.partition("-")[0], name)
            sizes[kind] = max(sizes.get(kind, 0), psutil.Process(pid).memory_info().rss / MEGA)
        return sizes


def cpu(pid: int) -> float:
    """Processor seconds of a process so far."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


async def foreign_reading_us(folder: Path, broker: Broker, server: DatabaseServer, session: MqttSession) -> float:
    """Processor time that a writer spends on a reading of another's gateway, in µs."""
    port = free_port()
    (folder / "foreign").mkdir()
    own = {
        "METERKAST_INSTANCE": "foreign", "METERKAST_HISTORY__SHARE": "1/1000", "METERKAST_METRICS__PORT": str(port),
        "METERKAST_STORE__URL": f"influxdb://127.0.0.1:{server.port}/{DATABASE}",
    }  # fmt: skip
    part = Part("history", folder / "foreign", {**settings_for(broker, "simulator"), **own})
    part.start()
    try:
        await wait_until_up(broker, "foreign")
        name = next(name for n in range(100) if not Share(1, 1000).has(name := f"house-{n}"))
        now = int(datetime.now(UTC).timestamp())
        raw = Meter("nl-dsmr5", 3, starts=datetime.fromtimestamp(now, UTC)).telegram(now)
        assert raw is not None
        payload = decode(raw, gateway=name, received_at=datetime.now(UTC), zone=ZONE).to_json()
        topic = Topics().reading(name)
        before, spent = await asyncio.to_thread(counter, port, OTHERS), cpu(part.pid)
        for _ in range(0, FOREIGN, 500):
            await asyncio.gather(*(session.publish(topic, payload) for _ in range(500)))
        while await asyncio.to_thread(counter, port, OTHERS) < before + FOREIGN:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.2)
        return (cpu(part.pid) - spent) / FOREIGN * MEGA
    finally:
        part.kill()
