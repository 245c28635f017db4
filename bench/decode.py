"""Decoding beside dsmr-parser: the same telegrams, CRC on for both, no telegram twice."""

import gc
import logging
import statistics
import time
from collections.abc import Callable, Sequence
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

PER_DIALECT = 60
ROUNDS = 5
GATEWAYS = 10_000
_START = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
_ZONE = ZoneInfo("Europe/Amsterdam")


def measure() -> Section:
    """Microseconds per telegram of both, and their ratio."""
    logging.disable(logging.CRITICAL)
    telegrams = {name: _telegrams(name, PER_DIALECT) for name in SPECIFICATIONS}
    figures = []
    ours_total, theirs_total = [], []
    for name, group in telegrams.items():
        ours = _best(lambda group=group: _decode(group))  # type: ignore[misc]
        theirs = _best(lambda group=group, name=name: _parse(group, name))  # type: ignore[misc]
        ours_total.append(ours)
        theirs_total.append(theirs)
        figures.append(_figure(name, ours / PER_DIALECT, theirs / PER_DIALECT))
    count = PER_DIALECT * len(telegrams)
    whole = _figure("**all dialects, equal parts**", sum(ours_total) / count, sum(theirs_total) / count, "≥ 30 times")
    fleet, fleet_theirs = _fleet(telegrams)
    logging.disable(logging.NOTSET)
    many = _figure(f"**{GATEWAYS:,} gateways in turn**", fleet, fleet_theirs, "≥ 30 times")
    return Section(
        "Decode: bytes to validated reading to JSON",
        "Ours: CRC, decode, `Reading`, `to_json()`. dsmr-parser 1.11.2: `parse()` with its CRC check alone, without "
        "any JSON. Telegrams from the simulator, each of them new. Dialects that it has no specification for are left "
        "out.",
        (whole, many, *figures),
    )


def _telegrams(dialect: str, count: int, *, seed: int = 3) -> list[bytes]:
    return [raw for _at, raw in simulate(dialect, seed, _START, timedelta(seconds=10), count)]


def _decode(telegrams: Sequence[bytes], gateways: Sequence[str] = ("home",), shapes: Shapes | None = None) -> None:
    shapes = shapes or Shapes()
    many = len(gateways)
    for number, raw in enumerate(telegrams):
        name = gateways[number % many]
        decode(raw, gateway=name, received_at=_START, zone=_ZONE, shapes=shapes).to_json()


@cache
def _parser(dialect: str) -> TelegramParser:
    return TelegramParser(getattr(telegram_specifications, SPECIFICATIONS[dialect]))


def _parse(telegrams: Sequence[bytes], dialect: str) -> None:
    parser = _parser(dialect)
    for raw in telegrams:
        parser.parse(raw.decode("ascii"))


def _fleet(telegrams: dict[str, list[bytes]]) -> tuple[float, float]:
    """10,000 meters of all dialects, one telegram of each in turn, so that none is its predecessor's likeness."""
    names = [f"gateway-{number}" for number in range(GATEWAYS)]
    dialects = list(SPECIFICATIONS)
    fleet = [_renamed(telegrams[dialects[n % len(dialects)]][n % PER_DIALECT], n) for n in range(GATEWAYS)]
    began = time.perf_counter()
    _decode(fleet, names)
    ours = (time.perf_counter() - began) / GATEWAYS
    sample = fleet[: PER_DIALECT * len(dialects)]
    began = time.perf_counter()
    for number, raw in enumerate(sample):
        _parse([raw], dialects[number % len(dialects)])
    return ours, (time.perf_counter() - began) / len(sample)


def _renamed(raw: bytes, number: int) -> bytes:
    """The telegram of another meter: its own name in the first line, and the CRC that belongs to it."""
    first, _, rest = raw.partition(b"\r\n")
    body, mark, checksum = rest.rpartition(b"!")
    renamed = first[:-4] + f"{number:04d}".encode()[-4:] + b"\r\n" + body + mark
    return seal(renamed) if checksum.strip() else renamed + checksum


def _best(work: Callable[[], None]) -> float:
    times = []
    for _ in range(ROUNDS):
        gc.collect()
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _figure(name: str, ours_s: float, theirs_s: float, aim: str = "") -> Figure:
    value = f"{theirs_s / ours_s:.0f} times ({ours_s * 1e6:.0f} µs against {theirs_s * 1e6:.0f} µs)"
    return Figure(name, value, aim)
