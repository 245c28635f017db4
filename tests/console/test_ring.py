"""The loggers' own tables, byte for byte."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from meterkast_api.imports.importer import Importer, Order
from meterkast_console.files.branch import leaves
from meterkast_console.files.leaf import Form
from meterkast_console.files.making import make
from meterkast_console.files.reach import Reach
from meterkast_console.files.ring import ring_file
from meterkast_console.rest import Api, Pass, Pool
from meterkast_store import StoreSettings, open_store

from tests.api.compat.meters import at_each, history, metered, show
from tests.api.houses import house
from tests.brokers import Broker

HERE = ZoneInfo("Europe/Amsterdam")
NEWEST = datetime(2026, 3, 10, 14, 20, tzinfo=HERE)


def dials(*rows: tuple[datetime, datetime, str, str, str]) -> dict[str, object]:
    return {
        "rows": [
            {
                "from": start.isoformat(),
                "to": end.isoformat(),
                "energy_import_t1_kwh": Decimal(imported),
                "energy_import_kwh": Decimal(imported),
                "energy_export_kwh": Decimal(exported),
                "gas_m3": Decimal(gas),
            }
            for start, end, imported, exported, gas in rows
        ]
    }


def hours(*starts: int) -> dict[str, object]:
    rows = []
    for number, hour in enumerate(starts):
        start = datetime(2026, 3, 9 if hour > 14 else 10, hour, tzinfo=HERE)
        rows.append((start, start + timedelta(hours=1), f"{4000 + number}.25", "12.5", f"{900 + number}.1255"))
    return dials(*rows)


def test_hours_are_eight_blocks_of_three() -> None:
    """The header and widths of the ESP-01 logger; a block shows its last reading, one without any shows 0."""
    file = ring_file(Form.PRD_HOURS, hours(21, 22, 23, 9, 10, 11, 12, 13), NEWEST)
    assert file.decode().splitlines() == [
        "HR; Energy Del; Energy Ret;    Gas Del;",
        "01;      0.000;      0.000;       0.00;",
        "02;      0.000;      0.000;       0.00;",
        "03;      0.000;      0.000;       0.00;",
        "04;   4005.250;     12.500;     905.13;",
        "05;   4007.250;     12.500;     907.13;",
        "06;      0.000;      0.000;       0.00;",
        "07;      0.000;      0.000;       0.00;",
        "08;   4002.250;     12.500;     902.13;",
    ]
    assert {len(line) for line in file.splitlines()} == {39}


def test_the_week_begins_on_sunday_and_has_no_header() -> None:
    """Days 0 to 6 with two decimals, lines ended by CR LF."""
    rows = []
    for number in range(7):
        start = datetime(2026, 3, 4 + number, tzinfo=HERE)
        rows.append((start, start + timedelta(days=1), f"{100 + number}.129", "1", "2"))
    lines = ring_file(Form.PRD_WEEK, dials(*rows), NEWEST).decode().split("\r\n")
    assert lines == [
        "0;104.13;1.00;2.00;",
        "1;105.13;1.00;2.00;",
        "2;106.13;1.00;2.00;",
        "3;100.13;1.00;2.00;",
        "4;101.13;1.00;2.00;",
        "5;102.13;1.00;2.00;",
        "6;103.13;1.00;2.00;",
        "",
    ]


def test_months_are_two_years_the_newest_first() -> None:
    """Months without readings keep their place, with 0."""
    start, end = datetime(2026, 3, 1, tzinfo=HERE), datetime(2026, 4, 1, tzinfo=HERE)
    lines = ring_file(Form.PRD_MONTHS, dials((start, end, "9732.279", "0", "1743.1")), NEWEST).decode().splitlines()
    assert lines[0] == "YYMM;   Energy Del;   Energy Ret;    Gas Del;"
    assert lines[1] == "2603;     9732.279;        0.000;    1743.10;"
    assert lines[2] == "2602;        0.000;        0.000;       0.00;"
    assert lines[-1].startswith("2404;")
    assert len(lines) == 25


@pytest.mark.parametrize(
    ("form", "name", "width"),
    [
        (Form.RING_HOURS, "energy_import_t1", 64),
        (Form.RING_DAYS, "energy_import_t1", 64),
        (Form.RING_MONTHS, "energy_import_t1", 64),
        (Form.PRD_MONTHS, "energy_import", 45),
    ],
)
async def test_what_we_write_can_be_imported_again(
    mosquitto: Broker, tmp_path: Path, form: Form, name: str, width: int
) -> None:
    """An empty history takes in the dials of every period that is over; the running one it leaves for later."""
    times = [NEWEST.astimezone(UTC) - timedelta(minutes=20) * back for back in range(40 * 72)][::-1]
    batch = at_each(times, lambda index: {"energy_import_t1_wh": 1000 + 3 * index}, lambda index: 5000 + index)
    reach = Reach(gateway="home", zone=HERE, history=(times[0], times[-1]), received_at=times[-1])
    leaf = next(leaf for leaf in leaves(reach, times[-1]) if leaf.form is form)
    async with history(tmp_path / "one", batch) as store, house(mosquitto, store) as here:
        await show(here, metered("7.879", times[-1]))
        async with Pool(str(here.client.base_url)) as pool:
            await make(Api(pool, Pass()), leaf, tmp_path / form.value)
            answer = await here.get(leaf.address, **leaf.question.query)
    rows = json.loads(answer.content, parse_float=Decimal)["rows"]
    async with open_store(StoreSettings(), tmp_path / "other") as other:
        importer = Importer(other, now=lambda: datetime(2026, 5, 1, tzinfo=UTC))
        report = await importer.run(Order(file=tmp_path / form.value, gateway="home", zone=HERE))
        meter = report.meters["electricity"]
        standings = await other.standings("home", "electricity", meter, times[0] - timedelta(days=60), NEWEST)
    assert {len(line) for line in (tmp_path / form.value).read_bytes().splitlines()} == {width}
    assert (report.format, report.rows) == ("esp01-months" if width == 45 else "dsmr-logger", len(rows))
    assert [one.reason for one in report.refused.first] == ["its period was still running when the file was made"]
    assert [one.registers[f"{name}_wh"] for one in standings] == [row[f"{name}_kwh"] * 1000 for row in rows[:-1]]
