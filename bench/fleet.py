"""`python -m bench.fleet`: three parsers and two writers share a Mosquitto and an InfluxDB, and are killed in turn.

It finds the highest rate that this machine holds, measures what a telegram costs each part, kills one part every ten
seconds, compares what stands in the database with what was sent, and writes `bench/results-fleet.md`.
"""

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from meterkast_runtime.log import LogSection, configure_logging
from meterkast_runtime.mqtt import MqttSession, MqttSettings

from bench.fleet_costs import Costs, Meters, foreign_reading_us
from bench.report import Figure, Section, write
from tests.brokers import Broker, BrokerOptions, Mosquitto, free_port
from tests.chaos.test_kill import wait_until_up
from tests.databases import DatabaseServer, influxdb_1
from tests.pipeline.fleet import DATABASE, Kept, Street, fleet, same
from tests.pipeline.parts import Part, running, settings_for

RESULTS = Path(__file__).parent / "results-fleet.md"
PARSERS, WRITERS = 3, 2
EVERY_S, TICKS = 30, 80
OUTSTANDING = 4000
AT_ONCE = 100
FINDING_S, KILL_EVERY_S = 60.0, 10.0
HEADROOM = 0.7
PATIENCE_S = 600.0
BROKER = ("autosave_interval 300", "sys_interval 1", "max_queued_messages 0", "log_type error")
SETTINGS = {
    "METERKAST_HISTORY__BATCH_MOST": "2000",
    "METERKAST_HISTORY__BATCH_ENOUGH": "500",
    "METERKAST_HISTORY__BATCH_WAIT_S": "2",
}


class Quiet(Mosquitto):
    """Mosquitto as in production: it does not print every packet."""

    def command(self, executable: str) -> list[str]:
        """Leave the long log out."""
        return [part for part in super().command(executable) if part != "-v"]


@dataclass(slots=True)
class Run:
    """One street on one fleet."""

    street: Street
    broker: Broker
    server: DatabaseServer
    parts: dict[str, Part]
    meters: Meters
    session: MqttSession
    telegrams: Iterator[tuple[str, bytes]]
    sent: int = 0
    kills: dict[str, int] = field(default_factory=dict)

    async def send(self, count: int) -> None:
        """Send so many telegrams and wait until the broker has them."""
        some = list(itertools.islice(self.telegrams, count))
        await asyncio.gather(*(self.session.publish(topic, raw) for topic, raw in some))
        self.sent += len(some)

    async def fill(self, *, count: int | None = None, seconds: float | None = None) -> float:
        """Send so many, or for so long, as fast as they are written; telegrams written per second."""
        begun, first, written = time.monotonic(), self.sent, await self.meters.written()
        while (count is None or self.sent < first + count) and (seconds is None or time.monotonic() < begun + seconds):
            await self.send(AT_ONCE)
            await self.meters.reach(self.sent - OUTSTANDING)
        if count is not None:
            await self.meters.reach(written + count)
        return (await self.meters.written() - written) / (time.monotonic() - begun)

    async def kill_in_turn(self, seconds: float, rate: float) -> None:
        """Send at a rate; every ten seconds one part is killed by SIGKILL and started again."""
        begun, first = time.monotonic(), self.sent
        victims = itertools.cycle(name for name in self.parts if name != "api")
        next_kill = begun + KILL_EVERY_S
        while (passed := time.monotonic() - begun) < seconds:
            behind = int(first + passed * rate - self.sent)
            await self.send(min(max(behind, 0), 1000))
            if time.monotonic() > next_kill:
                next_kill += KILL_EVERY_S
                victim = next(victims)
                self.kills[victim] = self.kills.get(victim, 0) + 1
                await asyncio.to_thread(self.parts[victim].kill)
                self.parts[victim].start()
            await asyncio.sleep(0.02)

    async def settle(self) -> float:
        """Wait until all that was sent is kept; seconds that took."""
        begun, kept = time.monotonic(), Kept(self.server)
        found = -1
        while found < len(self.street.readings) and time.monotonic() - begun < PATIENCE_S:
            await asyncio.sleep(2)
            found = await asyncio.to_thread(kept.count)
        return time.monotonic() - begun


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.fleet", description=__doc__)
    parser.add_argument("--gateways", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=4, help="how long parts are killed")
    arguments = parser.parse_args()
    configure_logging(LogSection(level="error"))
    found = asyncio.run(measure(arguments.gateways, arguments.minutes * 60))
    sys.stdout.write(found.text() + "\n")
    write([found], RESULTS, "A fleet", "python -m bench.fleet")


async def measure(gateways: int, seconds: float) -> Section:
    """Run the whole of it."""
    street = Street(gateways, EVERY_S, TICKS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Quiet(folder / "mosquitto", BrokerOptions(extra=BROKER))
        with broker, influxdb_1(folder / "influx") as server:
            parts = fleet(folder, broker, server, PARSERS, WRITERS, **SETTINGS)
            writers = [free_port() for _ in range(WRITERS)]
            for number, port in enumerate(writers, 1):
                parts[f"history-{number}"].settings["METERKAST_METRICS__PORT"] = str(port)
            parts["api"] = api(folder, broker, server)
            with running(parts):
                for part in parts.values():
                    part.start()
                await wait_until_up(broker, *parts)
                settings = MqttSettings(host=broker.host, port=broker.port)
                session = MqttSession(settings, client_id="street", subscriptions=["$SYS/broker/bytes/+"])
                async with session, Meters(session, writers) as meters:
                    await session.wait_connected()
                    run = Run(street, broker, server, parts, meters, session, street.messages())
                    return await _measured(run, folder, seconds)


def api(folder: Path, broker: Broker, server: DatabaseServer) -> Part:
    """Return an API that listens to all gateways."""
    (folder / "api").mkdir()
    own = {"METERKAST_INSTANCE": "api", "METERKAST_STORE__URL": f"influxdb://127.0.0.1:{server.port}/{DATABASE}"}
    return Part("api", folder / "api", {**settings_for(broker, "simulator", api_port=free_port()), **own})


async def _measured(run: Run, folder: Path, seconds: float) -> Section:
    progress(f"first telegram of each of {run.street.gateways} gateways")
    first = await run.fill(count=run.street.gateways)
    progress(f"{first:.0f}/s; highest rate")
    before = await Costs.now(run.broker, run.parts, run.meters)
    rate = await run.fill(seconds=FINDING_S)
    costs = (await Costs.now(run.broker, run.parts, run.meters)).since(before)
    progress(f"{rate:.0f}/s; kills at {HEADROOM * rate:.0f}/s")
    await run.kill_in_turn(seconds, HEADROOM * rate)
    caught_up = await run.settle()
    progress(f"caught up in {caught_up:.0f} s; comparing")
    differences = await asyncio.to_thread(same, run.street, Kept(run.server))
    memory = costs.memory(run.parts)
    for part in run.parts.values():
        part.stop()
    foreign = await foreign_reading_us(folder, run.broker, run.server, run.session)
    rates = (
        Figure("highest rate held", f"{rate:.0f} telegrams/s"),
        Figure("first telegram of each gateway", f"{first:.0f} telegrams/s"),
    )
    held = (
        Figure("**lost, invented or counted twice**", str(differences or "nothing"), "nothing"),
        Figure("telegrams sent and found again, each once", f"{run.sent:,}"),
        Figure("kills", ", ".join(f"{name} {count}" for name, count in run.kills.items())),
        Figure("all written after the last telegram", f"{caught_up:.0f} s"),
    )
    spent = (
        *(Figure(f"{name}, processor", f"{us:.0f} µs") for name, us in costs.per_telegram().items()),
        Figure("a reading of another writer's gateway, discarded", f"{foreign:.0f} µs"),
        Figure("into the broker", f"{costs.bytes_in:.0f} bytes (telegram and reading, with what MQTT adds)"),
        Figure("out of the broker", f"{costs.bytes_out:.0f} bytes (to one parser, {WRITERS} writers, the API)"),
        *(Figure(f"{name}, resident memory", f"{size:.0f} MB") for name, size in memory.items()),
    )
    return section(run.street.gateways, (*held, *rates, *spent))


def section(gateways: int, figures: Sequence[Figure]) -> Section:
    """Say how the figures were taken."""
    return Section(
        "Shared parsers and writers",
        f"{gateways:,} gateways, DSMR 5 telegrams; {PARSERS} parsers and {WRITERS} writers on one Mosquitto and one "
        "InfluxDB 1, an API that listens to all, the sender too on this machine. The highest rate is that at which "
        f"{OUTSTANDING:,} telegrams stay under way for {FINDING_S:.0f} s. Then one part was killed by SIGKILL every "
        f"{KILL_EVERY_S:.0f} s and started again, at {HEADROOM:.0%} of that rate; what waited for it had to be caught "
        "up with. Found again: gateway and time of each reading in the database are those that were sent, and each "
        "gateway's quarters count as many. Costs are the processor time of all processes of a kind at the highest "
        "rate, by telegram.",
        figures,
    )


def progress(text: str) -> None:
    """Say what is being done."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


if __name__ == "__main__":
    main()
