"""A fleet: parsers and writers that share many gateways over one broker and one InfluxDB, and what must come of it."""

import csv
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from meterkast_contracts.messages import EventKind
from meterkast_contracts.topics import Topics
from meterkast_reader.simulator import Meter

from tests.brokers import Broker
from tests.databases import DatabaseServer
from tests.parser.telegrams import with_crc
from tests.pipeline.parts import Part, settings_for

DATABASE, SAMPLES = "meterkast", "meterkast_samples"
HOUSES = 20
TOPICS = Topics()
TARIFF = re.compile(rb"96\.14\.0\(\d+\)")


class Street:
    """Telegrams of many gateways, `every_s` apart, of a few simulated houses in turn; half-way the tariff switches."""

    def __init__(self, gateways: int, every_s: int, ticks: int) -> None:
        begin = int(datetime.now(UTC).timestamp()) - every_s * ticks
        self.gateways = gateways
        self.sent: dict[str, list[int]] = {}
        self._moments = [begin + tick * every_s for tick in range(ticks)]
        meters = [Meter("nl-dsmr5", seed, starts=datetime.fromtimestamp(begin, UTC)) for seed in range(HOUSES)]
        self._houses = [[self._telegram(meter, tick) for tick in range(ticks)] for meter in meters]

    def messages(self) -> Iterator[tuple[str, bytes]]:
        """Give topic and telegram of all gateways at the first tick, then at the next; notes what was given."""
        names = [f"house-{number:05d}" for number in range(self.gateways)]
        topics = [TOPICS.telegram(name) for name in names]
        for tick, moment in enumerate(self._moments):
            for number, name in enumerate(names):
                if raw := self._houses[number % len(self._houses)][tick]:
                    self.sent.setdefault(name, []).append(moment * 1000)
                    yield topics[number], raw

    @property
    def readings(self) -> set[tuple[str, int]]:
        """Gateway and time of every telegram given."""
        return {(name, moment) for name, moments in self.sent.items() for moment in moments}

    def _telegram(self, meter: Meter, tick: int) -> bytes:
        raw = meter.telegram(self._moments[tick])
        tariff = 1 if tick < len(self._moments) // 2 else 2
        return with_crc(TARIFF.sub(b"96.14.0(%04d)" % tariff, raw)) if raw else b""


def fleet(
    folder: Path, broker: Broker, server: DatabaseServer, parsers: int, writers: int, **more: str
) -> dict[str, Part]:
    """Return the parts by name, not yet started."""
    url = f"influxdb://127.0.0.1:{server.port}/{DATABASE}"
    common = {**settings_for(broker, "simulator"), "METERKAST_STORE__URL": url, **more}
    parts = {}
    for service, count in (("parser", parsers), ("history", writers)):
        for number in range(1, count + 1):
            name = f"{service}-{number}"
            share = "parser" if service == "parser" else f"{number}/{count}"
            (folder / name).mkdir(parents=True, exist_ok=True)
            own = {"METERKAST_INSTANCE": name, f"METERKAST_{service.upper()}__SHARE": share}
            parts[name] = Part(service, folder / name, {**common, **own})
    return parts


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands in the database, asked of it directly."""

    server: DatabaseServer

    def count(self) -> int:
        """How many readings there are."""
        return sum(int(row[-1]) for row in self._ask('SELECT count("power_import_w") FROM "sample"', SAMPLES))

    def readings(self) -> set[tuple[str, int]]:
        """Gateway and time of every reading; a time stands for a gateway only once."""
        rows = list(self._ask('SELECT "power_import_w" FROM "sample" GROUP BY "gateway"', SAMPLES))
        found = {(_gateway(row), int(row[2])) for row in rows}
        assert len(found) == len(rows), "a gateway has two readings at one time: of two meters"
        return found

    def in_quarters(self) -> dict[str, int]:
        """How many readings the quarters of each gateway were made of."""
        rows = self._ask('SELECT sum("count") FROM "quarter" GROUP BY "gateway"')
        return {_gateway(row): int(row[-1]) for row in rows}

    def events(self, kind: EventKind) -> dict[str, int]:
        """How many events of a kind each gateway has."""
        rows = self._ask(f'SELECT count("text") FROM "event" WHERE "meter" = \'{kind}\' GROUP BY "gateway"')
        return {_gateway(row): int(row[-1]) for row in rows}

    def _ask(self, question: str, database: str = DATABASE) -> Iterator[list[str]]:
        query = urllib.parse.urlencode({"db": database, "epoch": "ms", "q": question})
        request = urllib.request.Request(f"{self.server.url}/query?{query}", headers={"Accept": "application/csv"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            text = answer.read().decode()
        rows = csv.reader(text.splitlines())
        next(rows, None)
        yield from rows


def _gateway(row: list[str]) -> str:
    return row[1].removeprefix("gateway=")


def same(sent: Street, kept: Kept) -> Mapping[str, object]:
    """Compare what was sent with what is kept; empty where they are the same."""
    found, wanted = kept.readings(), sent.readings
    quarters, expected = kept.in_quarters(), {name: len(moments) for name, moments in sent.sent.items()}
    differences = {
        "lost": sorted(wanted - found)[:5],
        "invented": sorted(found - wanted)[:5],
        "counted wrongly": {n: quarters.get(n) for n, count in expected.items() if quarters.get(n) != count},
    }
    return {what: which for what, which in differences.items() if which}
