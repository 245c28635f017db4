"""What the parsers make of each format."""

import gzip
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meterkast_api.imports.formats import BY_NAME, FORMATS, UnknownFormatError, format_of
from meterkast_api.imports.record import Amounts, Context, LineError, Record, Refusal, Standings, thousandths
from meterkast_api.imports.source import Source, SourceError

from tests.api.other_programs import (
    AMSTERDAM,
    DAYS_HEAD,
    HOURS_HEAD,
    Dial,
    hourly,
    local,
    monitor_hours,
    monitor_table,
    prd_months,
    reader_days,
    reader_hours,
    ring,
    ring_json,
)

DIALS = hourly(local(2025, 3, 29, 0), local(2025, 4, 2, 0))
READINGS = (
    "id,timestamp,electricity_delivered_1,electricity_returned_1,electricity_delivered_2,electricity_returned_2,"
    "extra_device_timestamp,extra_device_delivered\n"
    "1,2025-01-01 10:00:08+00,100.001,5.000,200.002,0.000,2025-01-01 10:00:00+00,321.123\n"
    "2,2025-01-01 10:00:18+00,100.002,5.000,200.002,0.000,,\n"
)
ESP01 = """\
YYMM;   Energy Del;   Energy Ret;    Gas Del;
1809;     9732.279;       12.500;    1743.10;
1808;     9600.001;       12.000;    1740.25;
1807;        0.000;        0.000;       0.00;
1806;       broken;        0.000;       0.00;
1805;        1.000;        0.000;

"""
FILES = {
    "esp01-months": ESP01,
    "dsmr-logger": ring(DIALS),
    "dsmr-logger-json": ring_json(DIALS),
    "p1-monitor-sql": monitor_hours(DIALS),
    "p1-monitor-csv": monitor_table(DIALS),
    "dsmr-reader-readings": READINGS,
    "dsmr-reader-hours": reader_hours(DIALS),
    "dsmr-reader-days": reader_days(DIALS),
}


def parsed(text: str, name: str = "auto") -> list[Record]:
    lines = text.splitlines()
    chosen = format_of(name, lines[:200])
    return list(chosen.parse(enumerate(lines, 1), Context(AMSTERDAM)))


def times(records: Iterable[Record]) -> list[datetime]:
    found = [record.at for record in records if isinstance(record, Standings)]
    return [datetime.fromtimestamp(at / 1000, UTC) for at in sorted(found)]


def refusals(records: Iterable[Record]) -> list[Refusal]:
    return [record for record in records if isinstance(record, Refusal)]


def test_each_file_is_recognised_by_what_stands_in_it() -> None:
    """Every format is found by its own file, and there is a file for every format."""
    assert FILES.keys() == BY_NAME.keys()
    for name, text in FILES.items():
        assert format_of("auto", text.splitlines()[:200]).name == name


@pytest.mark.parametrize("text", ["", "hello", "a,b,c\n1,2,3\n", "Date,Gas\n2025-01-01,3\n"])
def test_what_is_no_format_is_answered_with_those_there_are(text: str) -> None:
    """The sentence names every format."""
    with pytest.raises(UnknownFormatError) as caught:
        format_of("auto", text.splitlines())
    assert all(one.name in str(caught.value) for one in FORMATS)
    with pytest.raises(UnknownFormatError, match="there is no format 'excel'"):
        format_of("excel", [])


@pytest.mark.parametrize("name", ["dsmr-logger", "dsmr-logger-json", "p1-monitor-sql", "p1-monitor-csv"])
def test_a_record_of_an_hour_holds_the_registers_at_its_end(name: str) -> None:
    """Whatever the order of records and the change to summer time: each stands at the end of its hour, exactly."""
    records = [record for record in parsed(FILES[name]) if isinstance(record, Standings)]
    assert times(records) == [dial.at for dial in DIALS[1:]]
    by_time = {record.at: record for record in records}
    for dial in DIALS[1:]:
        record = by_time[int(dial.at.timestamp() * 1000)]
        assert tuple(record.registers.values()) == dial.values
        assert record.at - record.start == 3_600_000


def test_the_doubled_hour_is_the_second_one() -> None:
    """In October a file has one record for the doubled hour; it ends when winter's hour ends."""
    dials = hourly(local(2025, 10, 26, 0), local(2025, 10, 26, 6))
    kept = {line.split(";")[0]: line for line in ring(dials).splitlines()}
    found = times(parsed("\n".join(kept.values())))
    begin = dials[0].at
    assert found == [begin + timedelta(hours=number) for number in (1, 2, 4, 5, 6, 7)]


def test_the_first_logger_s_months_are_totals() -> None:
    """Both tariffs together, at the ends of the months; what it had not seen yet are zeros, and no readings."""
    records = parsed(ESP01)
    assert times(records) == [local(2018, 9, 1), local(2018, 10, 1)]
    assert [record.registers for record in records if isinstance(record, Standings)] == [
        {"energy_import_wh": 9_732_279, "energy_export_wh": 12_500, "gas_l": 1_743_100},
        {"energy_import_wh": 9_600_001, "energy_export_wh": 12_000, "gas_l": 1_740_250},
    ]
    assert [refusal.line for refusal in refusals(records)] == [5, 6]


def test_months_stand_at_their_ends() -> None:
    """A month's record is that of its last moment, at the house's midnight."""
    dials = hourly(local(2025, 1, 1), local(2025, 1, 1, 3))
    found = parsed(prd_months([("2503", dials[2]), ("2502", dials[1]), ("2501", dials[0]), ("0000", dials[0])]))
    assert times(found) == [local(2025, 2, 1), local(2025, 3, 1), local(2025, 4, 1)]


@pytest.mark.parametrize(
    ("keys", "ends"),
    [
        (("25010123", "25010223", "25010310"), [local(2025, 1, 2), local(2025, 1, 3), local(2025, 1, 4)]),
        (("24123123", "25013123", "25021004"), [local(2025, 1, 1), local(2025, 2, 1), local(2025, 3, 1)]),
        (("25010122", "25010123"), [local(2025, 1, 1, 23), local(2025, 1, 2)]),
    ],
)
def test_rings_of_hours_days_and_months_are_told_apart_by_their_keys(
    keys: tuple[str, ...], ends: list[datetime]
) -> None:
    """All of them have keys of eight digits: keys of one day are hours, of one month days, else months."""
    lines = [f"{key};     1.000;     2.000;     3.000;     4.000;     5.000;      ;" for key in keys]
    head = "YYMMDDHH;      EDT1;      EDT2;      ERT1;      ERT2;       GDT;         ;"
    assert times(parsed("\n".join([head, *lines]))) == ends


def test_hour_totals_are_amounts_with_their_own_offset() -> None:
    """DSMR-reader's hours say when they begin; what was used is exact."""
    records = parsed(reader_hours(DIALS))
    assert len(records) == len(DIALS) - 1
    for record, before, after in zip(records, DIALS, DIALS[1:], strict=False):
        assert isinstance(record, Amounts)
        assert (record.start, record.end) == (before.at.timestamp() * 1000, after.at.timestamp() * 1000)
        assert tuple(record.values.values()) == tuple(b - a for a, b in zip(before.values, after.values, strict=True))


def test_day_totals_have_registers_where_the_program_kept_them() -> None:
    """Days of before are amounts; later ones are registers, and the last day's total gives its end."""
    records = parsed(reader_days(DIALS, registers_from=2))
    assert [type(record) for record in records] == [Amounts, Amounts] + [Standings] * 6
    days = [local(2025, 3, 31), local(2025, 4, 1), local(2025, 4, 2)]
    assert sorted(set(times(records))) == days
    last = {name: value for one in records[-2:] if isinstance(one, Standings) for name, value in one.registers.items()}
    assert tuple(last.values()) == DIALS[-1].values


def test_dutch_exports_are_read_too() -> None:
    """Names of columns and the order of a date follow the language that DSMR-reader was set to."""
    days = DAYS_HEAD.replace("Date", "Datum") + "31-12-2024,1,2,0,0,0.5,0,0,0,0,0,,,,,,,\n"
    (record,) = parsed(days)
    assert isinstance(record, Amounts)
    assert record.start == local(2024, 12, 31).timestamp() * 1000
    assert format_of("auto", (HOURS_HEAD.replace("Hour Start", "Begintijd uur") + reader_hours(DIALS)[len(HOURS_HEAD) :]).splitlines()).name == "dsmr-reader-hours"  # fmt: skip  # noqa: E501


def test_readings_stand_at_their_own_times() -> None:
    """Electricity at the telegram's time, gas at the gas meter's."""
    records = [one for one in parsed(READINGS) if isinstance(one, Standings)]
    assert [one.registers.get("gas_l") for one in records] == [None, 321_123, None]
    assert records[0].registers["energy_export_t1_wh"] == 5000
    assert times(records)[0] == datetime(2025, 1, 1, 10, tzinfo=UTC)


def test_the_water_meter_of_p1_monitor_is_read() -> None:
    """Its table says by a number how long each row's period is."""
    columns = "(TIMESTAMP,TIMEPERIOD_ID,PULS_PER_TIMEUNIT,VERBR_PER_TIMEUNIT,VERBR_IN_M3_TOTAAL)"
    text = f"replace into watermeter {columns} values ('2024-01-21 09:00:00',12,86,86,396.584);\n"
    text += f"replace into watermeter {columns} values ('2024-01-21 00:00:00',13,96,96,396.6);\n"
    text += f"replace into watermeter {columns} values ('2024-01-21 00:00:00',19,96,96,396.6);\n"
    hour, day, strange = parsed(text)
    assert isinstance(hour, Standings)
    assert isinstance(day, Standings)
    assert hour.registers == {"water_l": 396_584}
    assert times([hour, day]) == [local(2024, 1, 21, 10), local(2024, 1, 22)]
    assert strange == Refusal(3, "TIMEPERIOD_ID '19' is none of 11, 12, 13, 14, 15")


BAD_LINES = [
    ("dsmr-logger", "25033012;   -1.000;     2.000;     3.000;     4.000;     5.000;", "'-1.000' is not a register"),
    ("dsmr-logger", "25033012;      nan;     2.000;     3.000;     4.000;     5.000;", "'nan' is not a register"),
    (
        "dsmr-logger",
        "25139912;     1.000;     2.000;     3.000;     4.000;     5.000;",
        "'25139912' is no date and time",
    ),
    ("dsmr-logger", "25033012;     1.000;", "it has 1 values, not 5 or 6"),
    ("dsmr-logger", "hello", "'hello' is no key such as 24013123"),
    (
        "dsmr-logger",
        "25033012;99999999999;     2.000;     3.000;     4.000;     5.000;",
        "more than any meter can show",
    ),
    ("dsmr-logger", "25033012;     0.000;     0.000;     0.000;     0.000;     0.000;", "all its registers are 0"),
    ("p1-monitor-sql", "replace into e_history_uur (TIMESTAMP,VERBR_KWH_181) values ('2025-01-01 00", "cut off"),
    ("p1-monitor-sql", "replace into e_history_uur (TIMESTAMP,VERBR_KWH_181) values ('2025');", "not 2"),
    ("p1-monitor-sql", "replace into e_history_uur (TIMESTAMP,VERBR_KWH_181) values ('x','1.0');", "no date"),
    ("p1-monitor-csv", "2025-03-29 00:00:00,1.0", "it has 2 values, not 7"),
    ("dsmr-reader-hours", "2025-13-29T00:00:00+01:00,1,2,3,4,5", "is no date and time"),
    ("dsmr-reader-hours", "2025-03-29T00:00:00+01:00,1_0,2,3,4,5", "'1_0' is not a register"),
    ("dsmr-reader-days", "2025-02-30,1,2,3,4,5,6,7,8,9,10", "is no date and time"),
]


@pytest.mark.parametrize(("name", "line", "reason"), BAD_LINES)
def test_a_bad_line_is_named_and_spoils_no_other(name: str, line: str, reason: str) -> None:
    """It is refused with its number and reason; every other record is there as without it."""
    lines = FILES[name].splitlines()
    good = parsed("\n".join(lines), name)
    found = parsed("\n".join([*lines[:3], line, *lines[3:]]), name)
    (refused,) = refusals(found)
    assert refused.line == 4
    assert reason in refused.reason
    assert times(found) == times(good)
    assert len(found) == len(good) + 1


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.integers(0, 60), st.text(max_size=120))
def test_no_text_whatever_stops_a_parser(name: str, place: int, text: str) -> None:
    """Any line in any place is taken or refused, never an error."""
    lines = FILES[name].splitlines()[:60]
    lines.insert(place, text)
    for record in BY_NAME[name].parse(enumerate(lines, 1), Context(AMSTERDAM)):
        assert record.line >= 1


def test_numbers_are_exact() -> None:
    """What a float has added in the last places of a database is taken off, nothing else; commas serve too."""
    assert [thousandths(text) for text in ("15633.83", "123.45599999999999", "1234,567", "0", " 7 ")] == [
        15_633_830, 123_456, 1_234_567, 0, 7000,
    ]  # fmt: skip
    for text in ("", "1e3", "\u0661", "1.2.3", "+1"):
        with pytest.raises(LineError):
            thousandths(text)


def test_a_file_may_be_zipped_or_gzipped(tmp_path: Path) -> None:
    """Lines are numbered through all files of a zip; a broken one says so."""
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("manifest.json", '{"a": 1}')
        packed.writestr("historie", FILES["p1-monitor-sql"])
    lines = list(Source(archive).lines())
    assert format_of("auto", Source(archive).first(200)).name == "p1-monitor-sql"
    assert [number for number, _ in lines] == list(range(1, len(DIALS) + 1))
    (tmp_path / "one.gz").write_bytes(gzip.compress(FILES["dsmr-logger"].encode()))
    assert [text for _, text in Source(tmp_path / "one.gz").lines()] == FILES["dsmr-logger"].splitlines()
    (tmp_path / "cut.gz").write_bytes((tmp_path / "one.gz").read_bytes()[:-20])
    with pytest.raises(SourceError, match="cannot be unpacked beyond line"):
        list(Source(tmp_path / "cut.gz").lines())
    archive.write_bytes(archive.read_bytes()[:300] + b"damage" + archive.read_bytes()[306:])
    with pytest.raises(SourceError, match="cannot be unpacked"):
        list(Source(archive).lines())


def test_a_record_without_gas_has_none() -> None:
    """A register of 0 m³ means that there is no such meter."""
    dials = [Dial(dial.at, (*dial.values[:4], 0)) for dial in DIALS]
    assert not any("gas_l" in one.registers for one in parsed(ring(dials)) if isinstance(one, Standings))
