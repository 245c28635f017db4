"""Houses in a real InfluxDB, written by the real store, and questions to it as Grafana asks them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from meterkast_contracts.messages import Event, EventKind
from meterkast_store import Batch, HistoryStore, MbusSample, Sample, Vital

HOME = "home"
NOW = datetime(2026, 11, 20, 14, 7, 30, tzinfo=UTC)
SUMMER_TIME = datetime(2026, 3, 27, 22, tzinfo=UTC)
WINTER_TIME = datetime(2026, 10, 23, 21, tzinfo=UTC)
REGISTERS = {
    "tariffs": ("energy_import_t1_wh", "energy_import_t2_wh", "energy_export_t1_wh", "energy_export_t2_wh"),
    "one": ("energy_import_wh", "energy_export_wh"),
    "both": ("energy_import_wh", "energy_import_t1_wh", "energy_import_t2_wh"),
}
"""Kinds of meters by the registers they have; the two zones' days of change are measured by each."""
TARIFFS = [f"energy_{way}_t{tariff}_wh" for way in ("import", "export") for tariff in (1, 2, 3, 4)]


def moving(gateway: str, names: Sequence[str], start: datetime, end: datetime, every: timedelta) -> Iterator[Sample]:
    """A meter whose registers move by turns and unevenly; a total moves with its tariffs."""
    registers = {name: 1_000_000 * (place + 1) for place, name in enumerate(names)}
    at, number = start, 0
    turning = [name for name in names if "_t" in name] or list(names)
    while at <= end:
        moved = turning[number // 37 % len(turning)]
        step = 1 + number * 7 % 23
        registers[moved] += step
        total = f"{moved.rpartition('_t')[0]}_wh"
        if total in registers and total != moved:
            registers[total] += step
        yield Sample(gateway, f"E-{gateway}", at, registers=dict(registers))
        at, number = at + every, number + 1


def full_house(start: datetime, end: datetime, every: timedelta) -> Iterator[Sample]:
    """A house whose meter tells everything that any panel shows."""
    for number, sample in enumerate(moving(HOME, TARIFFS, start, end, every)):
        sun = max(0, 800 - abs(720 - number % 1440) * 2)
        gauges: dict[str, float] = {
            "power_import_w": 250 + number % 90, "power_export_w": sun, "tariff": 1, "frequency_hz": 50.01,
            "demand_import_w": number % 15 * 200, "peak_import_w": 3300,
        }  # fmt: skip
        for phase in (1, 2, 3):
            gauges |= {
                f"power_import_l{phase}_w": 80 + phase, f"power_export_l{phase}_w": sun // 3,
                f"voltage_l{phase}_v": 228.5 + phase + number % 40 / 10, f"current_l{phase}_a": 0.5 * phase,
            }  # fmt: skip
        yield Sample(
            sample.gateway, sample.meter, sample.measured_at, sample.measured_at, sample.clock, sample.registers, gauges
        )


def m_bus(start: datetime, end: datetime, gateway: str = HOME) -> Iterator[MbusSample]:
    """Gas, water and hot water, told on the hour."""
    at, number = start.replace(minute=0, second=0, microsecond=0), 0
    while at <= end:
        for kind, litres in (("gas", 113), ("water", 7), ("hot_water", 3)):
            yield MbusSample(gateway, kind, f"M-{kind}", at, f"{kind}_l", 5000 + number * litres)
        at, number = at + timedelta(hours=1), number + 1


def events(now: datetime) -> list[Event]:
    """One event of each kind within the last day."""
    return [
        Event(gateway=HOME, kind=kind, at=now - timedelta(hours=1, minutes=place), text=f"There was a {kind}.")
        for place, kind in enumerate(EventKind)
    ]


def vitals(now: datetime, minutes: int = 30) -> Iterator[Batch]:
    """How gateways and services did each minute; `shed` is silent."""
    for minute in range(minutes, -1, -1):
        at = now - timedelta(minutes=minute)
        count = (minutes - minute) * 6
        device = {
            "telegrams": count, "crc_errors": count // 30, "waiting": 0, "uptime_s": minute * 60 + 5, "online": 1,
            "signal_dbm": -61, "silent_s": 4, "known": 1,
        }  # fmt: skip
        silent = {"silent_s": 5000 + (minutes - minute) * 60, "online": 0, "known": 1}
        yield Batch(
            devices=[Vital(HOME, at, device), Vital("shed", at, silent)],
            services=[Vital(name, at, figures_of(name, count), "main") for name in FIGURES],
        )


FIGURES: Mapping[str, tuple[str, ...]] = {
    "reader": ("telegrams", "crc_errors", "spooled_telegrams", "spool_bytes", "disk_free_bytes"),
    "parser": ("telegrams", "rejected", "unpublished"),
    "history": (
        "rows",
        "waiting",
        "lag_s",
        "store_errors",
        "malformed",
        "disk_free_bytes",
        "gateways",
        "gateways_online",
        "gateways_silent",
    ),
    "api": ("clients", "messages"),
    "console": ("terminals",),
}
EVERYBODY = ("up", "uptime_s", "cpu_s", "memory_bytes")


def figures_of(service: str, count: int) -> dict[str, int | float]:
    """What a service tells of itself."""
    return {"up": 1, "told": 1, **dict.fromkeys((*FIGURES[service], *EVERYBODY[1:]), count)}


async def furnish(store: HistoryStore) -> None:
    """Fill an empty history: the house until NOW and a day a year before, and the days around changes of clocks."""
    two, ten = timedelta(minutes=2), timedelta(minutes=10)
    a_year_ago = NOW - timedelta(days=366)
    await store.write(Batch(samples=list(full_house(a_year_ago, a_year_ago + timedelta(days=1), ten))))
    await store.write(Batch(mbus=list(m_bus(a_year_ago, a_year_ago + timedelta(days=1)))))
    await store.write(Batch(samples=list(full_house(NOW - timedelta(hours=40), NOW, two)), events=events(NOW)))
    await store.write(Batch(mbus=list(m_bus(NOW - timedelta(hours=40), NOW))))
    for kind, names in REGISTERS.items():
        for start in (SUMMER_TIME, WINTER_TIME):
            until = start + timedelta(days=3, hours=2)
            await store.write(Batch(samples=list(moving(kind, names, start, until, ten))))
            await store.write(Batch(mbus=list(m_bus(start, until, kind))))
    for batch in vitals(NOW):
        await store.write(batch)


class Database:
    """A history in InfluxDB as Grafana's two data sources see it."""

    def __init__(self, url: str, name: str = "meterkast") -> None:
        self._databases = {"meterkast": name, "meterkast-samples": f"{name}_samples"}
        self._http = httpx.Client(base_url=url, timeout=30)

    def ask(self, uid: str, text: str) -> list[dict[str, Any]]:
        """Return the series of a query's answer; an error of the server fails the test."""
        answer = self._http.post("/query", params={"db": self._databases[uid], "epoch": "ms"}, data={"q": text})
        assert answer.is_success, f"{answer.text}\n{text}"
        (result,) = answer.json()["results"]
        assert "error" not in result, f"{result['error']}\n{text}"
        found: list[dict[str, Any]] = result.get("series", [])
        return found

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()
