"""History as files: exact, of any span, made while they are sent."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pyarrow.parquet as pq
import pytest
from meterkast_api.export.csv_file import Dialect, csv_file
from meterkast_api.export.parquet_file import require_pyarrow
from meterkast_api.export.samples_sheet import PAGE
from meterkast_api.export.sheet import Column, Form
from meterkast_api.export.usage_sheet import UsageSheet
from meterkast_api.problems import ProblemError
from meterkast_contracts.messages import Event, EventKind
from meterkast_store import Batch, HistoryStore, MbusSample, Sample, StoreSettings, Usage, open_store
from meterkast_store.errors import StoreUnavailableError
from meterkast_store.history import MeterInfo, Period

from tests.api.houses import NOON, OWNER, House, ScriptedStore, house
from tests.brokers import Broker

HERE = ZoneInfo("Europe/Amsterdam")
START = datetime(2025, 1, 14, 23, tzinfo=UTC)
HOLES = [(datetime(2025, 3, 30, 20, tzinfo=UTC), 60), (datetime(2025, 10, 25, 3, tzinfo=UTC), 200)]
"""When nothing was received, and for how many hours: both reach over the end of a month."""
YEAR = {"from": "2025-01-01", "to": "2026-02-01"}


def a_year() -> Iterator[Sample]:
    """A reading each hour, and another meter in August."""
    for hour in range(365 * 24):
        at = START + timedelta(hours=hour)
        if any(begin <= at < begin + timedelta(hours=hours) for begin, hours in HOLES):
            continue
        new = at >= datetime(2025, 8, 17, 10, tzinfo=UTC)
        yield Sample(
            "home",
            "E2" if new else "E1",
            at,
            received_at=at + timedelta(milliseconds=412),
            registers={"energy_import_t1_wh": hour * 3, "energy_export_t1_wh": hour},
            gauges={"power_import_w": 300 + hour % 7, "voltage_l1_v": 230.1},
        )


def gas() -> Iterator[MbusSample]:
    for hour in range(0, 365 * 24, 7):
        yield MbusSample("home", "gas", "G1", START + timedelta(hours=hour), "gas_l", 1000 + hour)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a history of one year."""
    folder = tmp_path_factory.mktemp("year")
    texts = ["=cmd()", 'He said "now", twice.']
    events = [
        Event(gateway="home", kind=EventKind.MESSAGE, at=NOON - timedelta(days=200 + day), text=text, detail={"x": 1})
        for day, text in enumerate(texts)
    ]

    async def fill() -> None:
        async with open_store(StoreSettings(), folder) as store:
            await store.write(Batch(samples=list(a_year()), mbus=list(gas()), events=events))

    asyncio.run(fill())
    return folder


@dataclass
class Watched:
    """A history that counts how much was asked of it at once."""

    store: HistoryStore
    rows: list[int] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def usage(self, gateway: str, start: datetime, end: datetime, per: Period, timezone: ZoneInfo) -> Usage:
        usage = await self.store.usage(gateway, start, end, per, timezone)
        self.rows.append(len(usage.rows) + len(usage.holes))
        return usage


def table(text: str, **options: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), **options))


async def get(here: House, name: str, **query: Any) -> httpx.Response:
    answer = await here.get(f"/api/v1/meters/home/{name}", **query)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("per", ["hour", "day", "week", "month"])
async def test_usage_is_that_of_the_json(mosquitto: Broker, year: Path, per: str) -> None:
    """Rows, holes and their sum are the same, to the last digit, however long the span."""
    async with house(mosquitto, open_store(StoreSettings(), year)) as here:
        whole = (await get(here, "usage", per=per, **YEAR)).json()
        lines = table((await get(here, "usage.csv", per=per, **YEAR)).text)
        rows = [line for line in lines if line["hole"] != "hole"]
        assert [line["from"] for line in rows] == [row["from"] for row in whole["rows"]]
        assert [line["to"] for line in rows] == [row["to"] for row in whole["rows"]]
        assert [line["hole"] == "part" for line in rows] == [row["hole"] for row in whole["rows"]]
        assert [line["complete"] == "true" for line in rows] == [row["complete"] for row in whole["rows"]]
        holes = [line for line in lines if line["hole"] == "hole"]
        assert [(line["from"], line["to"]) for line in holes] == [(h["from"], h["to"]) for h in whole["holes"]]
        for name, total in whole["total"].items():
            assert sum(Decimal(line[name] or 0) for line in lines) == Decimal(str(total)), name
        assert set(whole["total"]) == {name for line in lines for name, cell in line.items() if cell} - FIXED


FIXED = {"from", "to", "hole", "complete"}


CONTRACTS = {
    "currency": "EUR",
    "contracts": [
        {"name": "Flat", "from": "2024-06-01", "prices": {"energy_import_kwh": 0.27123, "gas_m3": 1.21}},
        {
            "name": "Two tariffs",
            "from": "2025-03-12",
            "until": "2025-11-05",
            "prices": {"energy_import_t1_kwh": 0.2712, "energy_export_kwh": 0.0713, "gas_m3": -0.00123},
            "fixed": {"electricity": 7.25, "gas": 1},
        },
        {
            "name": "Hourly",
            "from": "2025-11-10",
            "fixed": {"other": -52.62},
            "hourly": {"import_markup_kwh": 0.1328, "export_markup_kwh": -0.01, "tax_percent": 21},
        },
    ],
}
"""A change within a month, one within a hole, a week without a contract, and days of which some have no price."""
COSTS = ("electricity_import", "electricity_export", "gas", "water", "heat", "fixed", "total")


def market() -> str:
    """Prices of November and December 2025, but for every ninth day."""
    hours = [datetime(2025, 11, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(61 * 24)]
    return "from,price\n" + "".join(f"{at.isoformat()},0.{at.day:02}{at.hour:02}\n" for at in hours if at.day % 9)


@pytest.mark.parametrize(
    ("per", "span"),
    [
        ("quarter", {"from": "2025-10-20", "to": "2025-12-05"}),
        ("hour", YEAR),
        ("hour", {"from": "2025-03-11T12:00", "to": "2025-04-02"}),
        ("week", YEAR),
        ("month", YEAR),
        ("month", {"from": "2025-05-10", "to": "2025-07-05"}),
    ],
)
async def test_costs_are_those_of_the_json(mosquitto: Broker, year: Path, per: str, span: dict[str, str]) -> None:
    """Row by row and hole by hole, month by month as they are asked; a sum is the whole's but for the rounding."""
    async with house(mosquitto, open_store(StoreSettings(), year), caller=OWNER) as here:
        assert (await here.client.put("/api/v1/contracts", json=CONTRACTS)).status_code == 200
        csv_type = {"Content-Type": "text/csv"}
        assert (await here.client.put("/api/v1/prices", content=market(), headers=csv_type)).status_code == 200
        whole = (await get(here, "usage", per=per, cost="true", **span)).text
        lines = table((await get(here, "usage.csv", per=per, cost="true", **span)).text)
        told = json.loads(whole, parse_float=str)
        assert {f"cost_{name}" for name in COSTS} == {name for name in lines[0] if name.startswith("cost_")} - MISSING
        rows = [line for line in lines if line["hole"] != "hole"]
        holes = [line for line in lines if line["hole"] == "hole"]
        assert [costs(line) for line in rows] == [row["cost"] for row in told["rows"]]
        assert [costs(line) for line in holes] == [hole["cost"] for hole in told["holes"]]
        for name, total in told["cost"].items():
            summed = sum(Decimal(line[f"cost_{name}"] or 0) for line in lines)
            assert abs(summed - Decimal(total)) <= Decimal("0.00005") * len(lines), name
        assert all(line["currency"] == ("EUR" if costs(line) else "") for line in lines)
        unpriced = {name for line in lines for name in line["cost_missing"].split()}
        assert unpriced == {one["what"] for one in told["cost_missing"]}
        parquet = pq.read_table(io.BytesIO((await get(here, "usage.parquet", per=per, cost="true", **span)).content))
        assert str(parquet.schema.field("cost_total").type) == "decimal128(18, 4)"
        for name in ("cost_total", "cost_missing"):
            assert [cell or 0 for cell in parquet[name].to_pylist()] == [
                (Decimal(line[name]) if name == "cost_total" else line[name]) if line[name] else 0 for line in lines
            ]


MISSING = {"cost_missing"}


def costs(line: dict[str, str]) -> dict[str, str]:
    return {name: line[f"cost_{name}"] for name in COSTS if line[f"cost_{name}"]}


async def test_a_long_span_is_asked_month_by_month(year: Path) -> None:
    """A year of quarters is 35,000 rows; no more than a month of them is held, by the store or by the file."""
    async with open_store(StoreSettings(), year) as store:
        watched = Watched(store)
        sheet = await UsageSheet(watched, "home", Period.QUARTER, HERE).of(
            (START - timedelta(days=3000), START + timedelta(days=3000))
        )
        chunks = [chunk async for chunk in csv_file(sheet, Dialect(HERE))]
        lines = table(b"".join(chunks).decode())
        whole = await store.usage("home", START, START + timedelta(days=366), Period.QUARTER, HERE)
    assert len(lines) == len(whole.rows) + len(whole.holes)
    assert len(whole.rows) > 35_000
    month = 31 * 96 + 31 * 24
    assert max(watched.rows) <= month
    assert max(chunk.count(b"\r\n") for chunk in chunks) <= month
    used = sum(Decimal(line["energy_import_kwh"] or 0) for line in lines)
    assert int(used * 1000) == whole.total()["energy_import_wh"]


@pytest.mark.parametrize("days", [(75, 80), (76, 78), (70, 76), (290, 293)])
async def test_a_span_that_begins_or_ends_in_a_hole_is_that_of_the_json(year: Path, days: tuple[int, int]) -> None:
    """What reaches over the asked time has no values, there as here; what does not is counted once."""
    span = (START + timedelta(days=days[0]), START + timedelta(days=days[1]))
    async with open_store(StoreSettings(), year) as store:
        whole = await store.usage("home", *span, Period.HOUR, HERE)
        sheet = await UsageSheet(store, "home", Period.HOUR, HERE).of(span)
        place = [column.name for column in sheet.columns].index("energy_import_kwh")
        found = [(*line[:3], line[place] or 0) async for page in sheet.pages for line in page]
    want = [
        (row.start, row.end, "part" if row.hole else "no", row.values.get("energy_import_wh", 0)) for row in whole.rows
    ]
    want += [(hole.start, hole.end, "hole", hole.values.get("energy_import_wh", 0)) for hole in whole.holes]
    assert sorted(found, key=repr) == sorted(want, key=repr)


async def test_a_hole_stands_beneath_the_row_in_which_it_begins(mosquitto: Broker, year: Path) -> None:
    """With what was used across it, also where it reaches over the end of a month."""
    async with house(mosquitto, open_store(StoreSettings(), year)) as here:
        span = {"from": "2025-03-30", "to": "2025-04-03"}
        lines = table((await get(here, "usage.csv", per="hour", **span)).text)
        (place,) = [place for place, line in enumerate(lines) if line["hole"] == "hole"]
        hole = lines[place]
        assert lines[place - 1]["from"] <= hole["from"] < lines[place - 1]["to"]
        assert hole["from"] == "2025-03-30T21:00:00+02:00"
        assert hole["to"] == "2025-04-02T10:00:00+02:00"
        assert hole["energy_import_t1_kwh"] == "0.183"
        inside = [line for line in lines if hole["from"] < line["from"] and line["to"] < hole["to"]]
        assert len(inside) == 59
        assert {(line["hole"], line["energy_import_t1_kwh"]) for line in inside} == {("part", "")}


async def test_a_file_is_a_csv_file_with_a_speaking_name(mosquitto: Broker, year: Path) -> None:
    """UTF-8, a header of names with units, CR LF, exact decimals, times with their offset."""
    async with house(mosquitto, open_store(StoreSettings(), year)) as here:
        answer = await get(here, "usage.csv", per="day", **{"from": "2025-02-01", "to": "2025-02-03"})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        name = "meterkast-home-usage-day-2025-02-01-to-2025-02-03.csv"
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        header, first, *_ = answer.content.split(b"\r\n")
        assert header.startswith(b"from,to,hole,complete,energy_import_kwh,energy_import_t1_kwh,")
        assert b"gas_m3" in header
        assert first.startswith(b"2025-02-01T00:00:00+01:00,2025-02-02T00:00:00+01:00,no,true,0.072,0.072,,")


async def test_a_dutch_spreadsheet_opens_the_file(mosquitto: Broker, year: Path) -> None:
    """A decimal comma brings the semicolon with it; both can be chosen."""
    query = {"per": "day", "from": "2025-02-01", "to": "2025-02-03", "columns": "from, energy_import_kwh"}
    async with house(mosquitto, open_store(StoreSettings(), year)) as here:
        answer = await get(here, "usage.csv", decimal="comma", **query)
        assert answer.text.splitlines()[:2] == ["from;energy_import_kwh", "2025-02-01T00:00:00+01:00;0,072"]
        answer = await get(here, "usage.csv", decimal="comma", separator="comma", **query)
        assert answer.text.splitlines()[1] == '2025-02-01T00:00:00+01:00,"0,072"'
        answer = await get(here, "usage.csv", separator="tab", **query)
        assert answer.text.splitlines()[1] == "2025-02-01T00:00:00+01:00\t0.072"


async def test_readings_come_with_all_that_is_kept(mosquitto: Broker, year: Path) -> None:
    """Every reading of the span once, oldest first, over the change of meters; what it lacks is empty."""
    async with house(mosquitto, open_store(StoreSettings(), year)) as here:
        lines = table((await get(here, "samples.csv", **YEAR)).text)
        want = list(a_year())
        assert [datetime.fromisoformat(line["measured_at"]) for line in lines] == [one.measured_at for one in want]
        assert [line["meter_id"] for line in lines] == [one.meter for one in want]
        first = lines[1]
        assert first["measured_at"] == "2025-01-15T01:00:00+01:00"
        assert first["received_at"] == "2025-01-15T01:00:00.412000+01:00"
        assert (first["energy_import_t1_kwh"], first["voltage_l1_v"], first["clock"]) == ("0.003", "230.1", "meter")
        assert {line["energy_import_t2_kwh"] for line in lines} == {""}


async def test_the_end_is_not_part_of_the_span(mosquitto: Broker, year: Path) -> None:
    """`from` is in, `to` is out."""
    async with house(mosquitto, open_store(StoreSettings(), year)) as here:
        answer = await get(
            here, "samples.csv", columns="measured_at", **{"from": "2025-02-01", "to": "2025-02-01T02:00"}
        )
        assert answer.text.split() == ["measured_at", "2025-02-01T00:00:00+01:00", "2025-02-01T01:00:00+01:00"]


async def test_curves_have_a_row_per_bin(mosquitto: Broker, year: Path) -> None:
    """Lowest, mean and highest of the gauges asked for; a bin without readings is empty."""
    query = {"from": "2025-03-30T20:00Z", "to": "2025-03-31T00:00Z", "points": 8, "fields": "voltage_l1_v"}
    async with house(mosquitto, open_store(StoreSettings(), year)) as here:
        lines = (await get(here, "power.csv", **query)).text.splitlines()
        whole = (await get(here, "power", **query)).json()
        assert lines[0] == "from,to,voltage_l1_v_min,voltage_l1_v_mean,voltage_l1_v_max"
        assert len(lines) == 1 + len(whole["times"])
        want = ["" if value is None else str(value) for value in whole["fields"]["voltage_l1_v"]["max"]]
        assert [line.split(",")[-1] for line in lines[1:]] == want


async def test_events_cannot_become_formulas(mosquitto: Broker, year: Path) -> None:
    """A meter's message is anybody's text: what a spreadsheet would run is marked as text."""
    async with house(mosquitto, open_store(StoreSettings(), year)) as here:
        lines = table((await get(here, "events.csv", kind="message", **{"from": "2025-01-01"})).text)
        assert [line["text"] for line in lines] == ["'=cmd()", 'He said "now", twice.']
        assert [line["detail"] for line in lines] == ['{"x":1}'] * 2
        assert lines[0]["kind"] == "message"


async def test_a_parquet_file_holds_the_same(mosquitto: Broker, year: Path) -> None:
    """Registers are exact decimals, times know their zone, absent values are null."""
    async with house(mosquitto, open_store(StoreSettings(), year)) as here:
        answer = await get(here, "usage.parquet", per="day", **YEAR)
        lines = table((await get(here, "usage.csv", per="day", **YEAR)).text)
        found = pq.read_table(io.BytesIO(answer.content))
        assert answer.headers["content-disposition"].endswith('.parquet"')
        assert "content-encoding" not in answer.headers
        assert str(found.schema.field("from").type) == "timestamp[ms, tz=Europe/Amsterdam]"
        assert str(found.schema.field("energy_import_t1_kwh").type) == "decimal128(18, 3)"
        assert found.column_names == list(lines[0])
        for name in ("energy_import_kwh", "gas_m3"):
            assert [str(cell or "") for cell in found[name].to_pylist()] == [
                "" if line[name] in ("", "0.000") else line[name] for line in lines
            ]
        samples = await get(here, "samples.parquet", columns="measured_at,voltage_l1_v", **YEAR)
        read = pq.read_table(io.BytesIO(samples.content))
        assert read.num_rows == len(list(a_year()))
        assert set(read["voltage_l1_v"].to_pylist()) == {230.1}


def test_without_pyarrow_the_answer_says_how_to_get_it() -> None:
    """501, and the way without it."""
    with pytest.raises(ProblemError, match=r"pip install 'meterkast-api\[parquet\]', or ask for .csv") as refused:
        require_pyarrow(lambda _name: None)
    assert refused.value.status == 501


async def test_a_gateway_without_history_gives_the_header(mosquitto: Broker) -> None:
    """Nothing is no mistake."""
    async with house(mosquitto) as here:
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        for name in ("usage.csv", "samples.csv", "events.csv"):
            assert len((await get(here, name)).text.splitlines()) == 1
        found = pq.read_table(io.BytesIO((await get(here, "samples.parquet")).content))
        assert found.num_rows == 0


MISTAKES: list[tuple[str, dict[str, str], str]] = [
    ("usage.csv", {"columns": "energy_import"}, "there is no column 'energy_import': did you mean energy_import_kwh?"),
    ("usage.csv", {"columns": ","}, "columns: name some of from, to, hole"),
    ("usage.csv", {"separator": ";"}, "separator: Input should be 'comma', 'semicolon' or 'tab'"),
    ("usage.csv", {"seperator": "tab"}, "seperator: there is no such parameter: did you mean separator?"),
    ("usage.csv", {"cost": "yes please"}, "cost: use true or false"),
    ("usage.csv", {"compare": "year"}, "compare: there is no such parameter"),
    ("usage.parquet", {"separator": "tab"}, "separator: there is no such parameter"),
    ("samples.csv", {"from": "soon"}, "from: 'soon' is no point in time"),
    ("power.csv", {"fields": "power"}, "history keeps no gauge 'power'"),
    ("events.csv", {"kind": "gaps"}, "did you mean gap?"),
]


async def test_a_mistake_in_a_question_is_named(mosquitto: Broker) -> None:
    """Each mistake is a problem before any file begins."""
    async with house(mosquitto) as here:
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        for name, query, sentence in MISTAKES:
            answer = await here.get(f"/api/v1/meters/home/{name}", **query)
            assert answer.status_code == 422, query
            assert sentence in answer.json()["detail"]
        assert (await here.get("/api/v1/meters/homer/usage.csv")).status_code == 404


@dataclass
class SlowStore(ScriptedStore):
    """A history whose second page of readings is there when the test says so, or never."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def samples(self, gateway: str, start: datetime, end: datetime, limit: int = 10_000) -> list[Sample]:
        if start > NOON:
            await self.gate.wait()
            self._ask("samples", gateway, start, end, limit)
            return []
        return [Sample(gateway, "E1", NOON + timedelta(seconds=second)) for second in range(limit)]


def slow_store(**options: Any) -> SlowStore:
    return SlowStore(infos=[MeterInfo("home", "E1", "electricity", NOON, NOON, ())], **options)


SAMPLES = "/api/v1/meters/home/samples.csv?from=2026-03-01"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_a_file_is_sent_while_it_is_made(mosquitto: Broker, encoding: str) -> None:
    """The first page is with the client before the second is there, compressed or not, and nobody waits meanwhile."""
    store = slow_store()
    async with house(mosquitto, store) as here:
        async with here.client.stream("GET", SAMPLES, headers={"Accept-Encoding": encoding}) as answer:
            assert answer.headers.get("content-encoding", "identity") == encoding
            texts = answer.aiter_text()
            text = ""
            async with asyncio.timeout(10):
                while text.count("\r\n") < PAGE:
                    text += await anext(texts)
            assert (await here.get("/api/v1/meters")).status_code == 200
            store.gate.set()
            async for more in texts:
                text += more
        assert text.endswith("\r\n")


async def test_a_file_that_cannot_be_finished_is_cut_off(mosquitto: Broker) -> None:
    """History that fails at once is a 503; later on, the connection breaks: half a file does not look whole."""
    trouble = StoreUnavailableError("read", "history.sqlite", "the disk failed", hint="look at the disk")
    store = slow_store()
    async with house(mosquitto, store) as here:
        async with here.client.stream("GET", SAMPLES) as answer:
            store.trouble = trouble
            store.gate.set()
            with pytest.raises(httpx.RemoteProtocolError):
                await answer.aread()
        failing = await here.get("/api/v1/meters/home/usage.csv")
        assert failing.status_code == 503
        assert failing.json()["hint"] == "look at the disk"


async def test_asking_for_the_head_of_a_file_makes_none(mosquitto: Broker) -> None:
    """HEAD answers at once, with the name."""
    async with house(mosquitto, slow_store()) as here:
        answer = await here.client.head(SAMPLES)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert "filename=" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("form", "cell", "text"),
    [
        (Form.EXACT, -5, "-0.005"),
        (Form.EXACT, 9_007_199_254_740_991, "9007199254740.991"),
        (Form.NUMBER, 0.00001, "0.00001"),
        (Form.NUMBER, 424, "424"),
        (Form.TEXT, "-1", "'-1"),
        (Form.TEXT, "a,b", '"a,b"'),
        (Form.FLAG, False, "false"),
        (Form.TEXT, None, ""),
    ],
)
def test_cells_are_written_without_loss(form: Form, cell: Any, text: str) -> None:
    """All digits, no exponent; a negative number is no formula, a text that looks like one is."""
    written = Dialect(HERE).text(
        [Column("x", form, 3 if form is Form.EXACT else 0), Column("y", Form.TEXT)], [[cell, "z"]]
    )
    assert written.decode() == f"{text},z\r\n"
