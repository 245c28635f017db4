"""Ten years of a house in InfluxDB: a question moves what is drawn, not what it is drawn from."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from meterkast_store import HistoryStore, Period, StoreSettings, open_store
from meterkast_store.influx_lines import line, registration
from meterkast_store.instants import QUARTER_MS, to_ms
from meterkast_store.rows import Row, Series, Table

from tests.databases import DatabaseMissingError, influxdb_1
from tests.store.slow_server import Proxy, before

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
END = datetime(2026, 11, 1, tzinfo=AMSTERDAM)
START = END.replace(year=2016)
KEPT = Series(Table.QUARTER, "home", "E1")
WH_A_QUARTER = 25
REGISTER = 123_456_789
NOTHING = Path("/nonexistent")


def quarters() -> Iterator[str]:
    """The snapshots of ten years, as lines: as large as those of a house with one phase."""
    fields = {
        "lag": 0, "span": 890_000, "count": 90,
        "energy_import_t1_wh": REGISTER, "energy_import_t1_wh_gain": WH_A_QUARTER,
        **{f"power_import_w_{what}": 400 for what in ("sum", "min", "max")},
        **{f"voltage_l1_v_{what}": 2300 for what in ("sum", "min", "max")},
    }  # fmt: skip
    before, after = line(Row(KEPT, 0, fields)).removesuffix("0").split(str(REGISTER))
    first = to_ms(START)
    yield registration(KEPT)
    for number in range((to_ms(END) - first) // QUARTER_MS + 1):
        yield f"{before}{number * WH_A_QUARTER}{after}{first + number * QUARTER_MS}"


@dataclass(frozen=True, slots=True)
class Decade:
    """Ten years in a store that is reached through a proxy."""

    store: HistoryStore
    proxy: Proxy

    async def bytes_of(self, per: Period, start: datetime, end: datetime) -> tuple[int, list[int]]:
        """Return how many bytes a question moved, and what was used in each row."""
        was = self.proxy.passed
        usage = await self.store.usage("home", start, end, per, AMSTERDAM)
        return self.proxy.passed - was, [row.values["energy_import_wh"] for row in usage.rows]


@asynccontextmanager
async def decade(folder: Path) -> AsyncIterator[Decade]:
    """Give ten years of history."""
    with influxdb_1(folder) as server:
        settings = StoreSettings(url=f"influxdb://127.0.0.1:{server.port}/meterkast")
        async with open_store(settings, NOTHING), httpx.AsyncClient(base_url=server.url, timeout=60) as http:
            made = quarters()
            while batch := list(islice(made, 20_000)):
                parameters = {"db": "meterkast", "precision": "ms"}
                (await http.post("/write", params=parameters, content="\n".join(batch))).raise_for_status()
        async with before(server.port) as proxy:
            reached = settings.model_copy(update={"url": f"influxdb://127.0.0.1:{proxy.port}/meterkast"})
            async with open_store(reached, NOTHING) as store:
                yield Decade(store, proxy)


async def test_a_question_over_ten_years_moves_kilobytes(tmp_path: Path) -> None:
    """Years, a year's months and days, a day's quarters, a curve: kilobytes each, exact over both changes of clocks."""
    try:
        async with decade(tmp_path / "influxdb") as ten:
            size, years = await ten.bytes_of(Period.YEAR, START.replace(month=1, day=1, year=2017), END)
            assert (len(years), size < 20_000) == (10, True), size
            assert years[3] == 366 * 96 * WH_A_QUARTER
            size, months = await ten.bytes_of(Period.MONTH, END.replace(year=2025), END)
            assert (len(months), size < 30_000) == (12, True), size
            assert [months[4], months[11]] == [(31 * 96 - 4) * WH_A_QUARTER, (31 * 96 + 4) * WH_A_QUARTER]
            size, days = await ten.bytes_of(Period.DAY, END.replace(year=2025), END)
            assert (len(days), size < 100_000) == (365, True), size
            assert sorted({day // WH_A_QUARTER for day in days}) == [92, 96, 100]
            size, fine = await ten.bytes_of(Period.QUARTER, datetime(2026, 10, 25, tzinfo=AMSTERDAM), END)
            assert (len(fine), size < 60_000) == (7 * 96 + 4, True), size
            was = ten.proxy.passed
            curve = await ten.store.power("home", START, END, 500)
            assert (len(curve.bins) > 400, ten.proxy.passed - was < 100_000) == (True, True)
            (meter,) = await ten.store.meters("home")
            assert meter.last == END.astimezone(UTC)
            assert meter.last - meter.first > timedelta(days=3650)
    except DatabaseMissingError as missing:
        pytest.skip(str(missing))
