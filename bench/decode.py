"""Decoding beside dsmr-parser: the same telegrams, CRC on for both, no telegram twice."""

import gc
import logging
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from dsmr_parser import telegram_specifications
from dsmr_parser.parsers import TelegramParser
from meterkast_parser.decode import decode
from meterkast_parser.shapes import Shapes
from meterkast_reader.crc import seal
from meterkast_reader.simulator.meter import simulate

from bench.report import Figure, Section

SPECIFICATIONS = {
    "nl-dsmr22": "V2_2",
    "nl-dsmr3": "V3",
    "nl-dsmr40": "V4",
    "nl-dsmr42": "V4",
    "nl-dsmr5": "V5",
    "be-emucs": "BELGIUM_FLUVIUS",
    "be-emucs-14": "BELGIUM_FLUVIUS",
    "be-iskra": "ISKRA_IE",
    "lu-smarty": "LUXEMBOURG_SMARTY",
    "se": "SWEDEN",
    "fi": "SWEDEN",
    "hu": "EON_HUNGARY",
    "de-q3d": "Q3D",
}
"""Our simulator's dialects for which dsmr-parser has a specification, and which."""

PER_DIALECT = 100
WARM_UP = 10
ROUNDS = 5
GATEWAYS = 10_000
_START = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
_ZONE = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of CPU per telegram: ours to JSON, theirs parsed, theirs to JSON."""

    ours: float
    parsed: float
    json: float

    def figure(self, name: str, aim: str = "") -> Figure:
        """As it is shown."""
        value = (
            f"{self.json / self.ours:.0f} times ({self.parsed / self.ours:.0f} times its `parse()` alone); "
            f"{self.ours * 1e6:.0f} µs against {self.json * 1e6:.0f} µs"
        )
        return Figure(name, value, aim)


def measure() -> Section:
    """CPU time per telegram of both, and their ratio."""
    logging.disable(logging.CRITICAL)
    telegrams = {name: _telegrams(name, WARM_UP + PER_DIALECT) for name in SPECIFICATIONS}
    shapes = Shapes()
    for group in telegrams.values():
        _decode(group[:WARM_UP], shapes)
    times = {name: _times(name, group[WARM_UP:], shapes) for name, group in telegrams.items()}
    mixed = Times(*(sum(column) / len(times) for column in zip(*map(astuple, times.values()), strict=True)))
    fleet = _fleet({name: group[WARM_UP:] for name, group in telegrams.items()})
    logging.disable(logging.NOTSET)
    return Section(
        "Decode: bytes to validated reading to JSON",
        "Ours: CRC, decode, `Reading`, `to_json()`; dsmr-parser 1.11.2: `parse()` with its CRC check, `to_json()`; "
        "without it in brackets. Telegrams from the simulator, each of them new, after ten others of the same meters; "
        "CPU time, median of five. Dialects that it has no specification for are left out.",
        (
            mixed.figure("**all dialects, equal parts**", "≥ 30 times"),
            fleet.figure(f"**{GATEWAYS:,} gateways in turn**", "≥ 30 times"),
            *(found.figure(name) for name, found in times.items()),
        ),
    )


def _telegrams(dialect: str, count: int, *, seed: int = 3) -> list[bytes]:
    return [raw for _at, raw in simulate(dialect, seed, _START, timedelta(seconds=10), count)]


def _times(dialect: str, group: Sequence[bytes], shapes: Shapes) -> Times:
    return Times(
        ours=_median(lambda: _decode(group, shapes)) / len(group),
        parsed=_median(lambda: _parse(group, dialect)) / len(group),
        json=_median(lambda: _parse(group, dialect, json=True)) / len(group),
    )


def _decode(telegrams: Sequence[bytes], shapes: Shapes, gateways: Sequence[str] = ("home",)) -> None:
    many = len(gateways)
    for number, raw in enumerate(telegrams):
        name = gateways[number % many]
        decode(raw, gateway=name, received_at=_START, zone=_ZONE, shapes=shapes).to_json()


@cache
def _parser(dialect: str) -> TelegramParser:
    return TelegramParser(getattr(telegram_specifications, SPECIFICATIONS[dialect]))


def _parse(telegrams: Sequence[bytes], dialect: str, *, json: bool = False) -> None:
    parser = _parser(dialect)
    for raw in telegrams:
        telegram = parser.parse(raw.decode("ascii"))
        if json:
            telegram.to_json()


def _fleet(telegrams: dict[str, list[bytes]]) -> Times:
    """10,000 meters of all dialects, one telegram of each in turn, so that none is its predecessor's likeness."""
    names = [f"gateway-{number}" for number in range(GATEWAYS)]
    dialects = list(SPECIFICATIONS)
    fleet = [_renamed(telegrams[dialects[n % len(dialects)]][n % PER_DIALECT], n) for n in range(GATEWAYS)]
    sample = list(enumerate(fleet[: PER_DIALECT * len(dialects)]))

    def theirs(*, json: bool) -> None:
        for number, raw in sample:
            _parse([raw], dialects[number % len(dialects)], json=json)

    return Times(
        ours=_median(lambda: _decode(fleet, Shapes(), names)) / GATEWAYS,
        parsed=_median(lambda: theirs(json=False)) / len(sample),
        json=_median(lambda: theirs(json=True)) / len(sample),
    )


def _renamed(raw: bytes, number: int) -> bytes:
    """The telegram of another meter: its own name in the first line, and the CRC that belongs to it."""
    first, _, rest = raw.partition(b"\r\n")
    body, mark, checksum = rest.rpartition(b"!")
    renamed = first[:-4] + f"{number:04d}".encode()[-4:] + b"\r\n" + body + mark
    return seal(renamed) if checksum.strip() else renamed + checksum


def _median(work: Callable[[], None]) -> float:
    times = []
    for _ in range(ROUNDS):
        gc.collect()
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)
