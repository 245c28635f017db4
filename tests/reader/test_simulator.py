import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meterkast_reader.crc import Checksum, check
from meterkast_reader.framing import Frame, Framer
from meterkast_reader.simulator import DIALECTS, Meter, simulate

START = datetime(2026, 3, 1, tzinfo=UTC)
METERS = {seed: Meter("nl-dsmr5", seed, starts=START) for seed in (1, 7)}
BELGIAN = Meter("be-emucs", 7, starts=START)
MOMENTS = st.integers(int(START.timestamp()), int(START.timestamp()) + 300 * 86_400)
LINE = re.compile(r"\d-\d:[\dC]+\.\d+\.\d+(\*255)?(\([^()\r\n]*\))+(\r\n\([0-9.]+\))?")


def numbers(meter: Meter, moment: int) -> dict[str, int]:
    state = meter.state(moment)
    return dict(state.numbers) if state else {}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_dialect_writes_whole_telegrams(dialect: str) -> None:
    """Every telegram is framed whole, its checksum holds where there is one, and every line is a code with groups."""
    for at, telegram in simulate(dialect, 3, START, timedelta(hours=7, seconds=11), 60):
        (frame, *_) = Framer().feed(telegram)
        assert isinstance(frame, Frame)
        assert telegram == frame.data + DIALECTS[dialect].tail
        assert check(frame.data) is (Checksum.GOOD if DIALECTS[dialect].crc else Checksum.ABSENT), at
        head, blank, *_ = telegram.split(b"\r\n")
        assert head.decode() == DIALECTS[dialect].identification
        assert blank == b""
        body = frame.data.decode().split("\r\n\r\n", 1)[1].rpartition("\r\n!")[0]
        for line in re.split(r"\r\n(?=\d-)", body):
            assert LINE.fullmatch(line), line


def test_a_dutch_telegram_to_the_letter() -> None:
    """Order, widths and punctuation of DSMR 5.0.2, with the values of seed 7 at one moment."""
    telegram = METERS[7].telegram(int(datetime(2026, 7, 1, 12, 3, 4, tzinfo=UTC).timestamp()))
    assert telegram is not None
    shape = re.sub(r"(?<=\()[0-9A-F.]{9,}|(?<=\()\d+(?:\.\d+)?(?=[*)])", "#", telegram.decode().replace("\r\n", "\n"))
    assert shape.startswith("/ISK5\\2M550T-1012\n\n1-3:0.2.8(#)\n0-0:1.0.0(#S)\n0-0:96.1.1(#)\n1-0:1.8.1(#*kWh)\n")
    assert re.search(rb"\r\n1-0:1\.8\.1\(\d{6}\.\d{3}\*kWh\)\r\n", telegram)
    assert b"\r\n0-0:1.0.0(260701140304S)\r\n" in telegram
    assert re.search(rb"\r\n0-1:24\.2\.1\(260701140000S\)\(\d{5}\.\d{3}\*m3\)\r\n![0-9A-F]{4}\r\n$", telegram)


@settings(deadline=None)
@given(MOMENTS, st.sampled_from(sorted(METERS)), st.integers(1, 40))
def test_registers_are_the_exact_integral_of_power(moment: int, seed: int, seconds: int) -> None:
    """What the registers gain is what the power of every second in between adds up to, to the watt-second."""
    shown = [numbers(METERS[seed], moment + second) for second in range(seconds + 1)]
    if not all(shown):
        return
    for way in ("import", "export"):
        gained = sum(shown[-1][f"{way}_t{t}"] - shown[0][f"{way}_t{t}"] for t in (1, 2))
        assert gained == sum(one[f"power_{way}"] for one in shown[1:])
    reactive = sum(one["reactive_power_import"] for one in shown[1:])
    assert shown[-1]["reactive_import"] - shown[0]["reactive_import"] == reactive


@settings(deadline=None)
@given(MOMENTS, st.sampled_from(sorted(METERS)))
def test_phases_add_up_to_the_totals(moment: int, seed: int) -> None:
    """Import less export is the same over the phases and in total, and never both at once."""
    shown = numbers(METERS[seed], moment)
    for power in ("power", "reactive_power"):
        phases = [shown.get(f"{power}_import_l{p}", 0) - shown.get(f"{power}_export_l{p}", 0) for p in (1, 2, 3)]
        assert sum(phases) == shown.get(f"{power}_import", 0) - shown.get(f"{power}_export", 0)
        assert not (shown.get(f"{power}_import") and shown.get(f"{power}_export"))


@settings(deadline=None)
@given(st.lists(MOMENTS, min_size=2, max_size=6).map(sorted), st.sampled_from(sorted(METERS)))
def test_registers_never_go_back(moments: list[int], seed: int) -> None:
    """However far apart one looks, no register of energy, gas, water, heat or failures is lower than before."""
    shown = [one for moment in moments if (one := numbers(METERS[seed], moment))]
    for name in ("import_t1", "import_t2", "export_t1", "reactive_q1", "gas", "water", "heat", "failures", "sags_l1"):
        series = [one[name] for one in shown]
        assert series == sorted(series)


def test_same_seed_same_bytes_however_reached() -> None:
    """A restart, a jump and a patient walk show the same telegram; another seed shows another."""
    moment = int(datetime(2026, 5, 4, 18, 30, 1, tzinfo=UTC).timestamp())
    fresh = Meter("be-emucs", 7, starts=datetime(2026, 5, 4, tzinfo=UTC)).telegram(moment)
    for second in range(-50, 0):
        BELGIAN.telegram(moment + second)
    assert BELGIAN.telegram(moment) == fresh
    assert Meter("be-emucs", 8, starts=START).telegram(moment) != fresh


def test_a_believable_year() -> None:
    """A year has more sun and less gas in summer than in winter, and figures that a household may have."""
    meter = METERS[7]
    edges = [numbers(meter, int(datetime(2026, month, 1, tzinfo=UTC).timestamp())) for month in range(1, 13)]
    gained = [{name: b[name] - a[name] for name in a} for a, b in pairwise(edges)]
    january, june = gained[0], gained[5]
    assert june["export"] > 3 * january["export"]
    assert january["gas"] > 3 * june["gas"]
    imported_kwh = (edges[-1]["import"] - edges[0]["import"]) / 3_600_000
    assert 2000 < imported_kwh < 15_000
    assert 200_000 < edges[-1]["gas"] - edges[0]["gas"] < 3_000_000


def test_tariff_switches_at_seven_and_eleven_on_weekdays() -> None:
    """Tariff 2 runs on weekdays from 7 to 23 h on the wall's clock, in summer too; only its register then advances."""

    def tariff(at: str) -> int:
        return numbers(METERS[1], int(datetime.fromisoformat(f"{at}+00:00").timestamp()) + 1)["tariff"]

    summer = [tariff(f"2026-07-01T{hour}") for hour in ("04:59", "05:00", "20:59", "21:00")]
    winter = [tariff(at) for at in ("2026-11-02T05:59", "2026-11-02T06:00", "2026-11-01T12:00")]
    assert summer == [1, 2, 2, 1]
    assert winter == [1, 2, 1]


def test_clock_goes_back_in_october() -> None:
    """The doubled hour is told apart by S and W."""
    stamps = []
    for hour in (0, 1):
        telegram = METERS[1].telegram(int(datetime(2026, 10, 25, hour, 30, tzinfo=UTC).timestamp())) or b""
        stamps.append(telegram.split(b"0-0:1.0.0(")[1][:13])
    assert stamps == [b"261025023000S", b"261025023000W"]


@pytest.mark.parametrize(("dialect", "period"), [("nl-dsmr5", 300), ("nl-dsmr42", 3600)])
def test_gas_is_read_every_five_minutes_or_every_hour(dialect: str, period: int) -> None:
    """Gas changes only when the gas meter is read, and carries that time."""
    meter = Meter(dialect, 7, starts=START)
    begin = int(datetime(2026, 1, 12, 6, 0, tzinfo=UTC).timestamp())
    shown = [numbers(meter, begin + second) for second in range(0, 7200, 60)]
    assert len({one["gas"] for one in shown}) > 1
    assert {one["mbus_read_at"] for one in shown} == set(range(begin, begin + 7200, period))
    for one in shown:
        assert one["gas"] == numbers(meter, one["mbus_read_at"])["gas"]


def test_month_peak_is_the_highest_quarter_hour() -> None:
    """1.6.0 is the highest mean import of a whole quarter-hour since the month began, at that quarter's end."""
    begin = int(datetime(2026, 4, 30, 22, 0, tzinfo=UTC).timestamp())
    dial = {end: numbers(BELGIAN, begin + end)["import_exact"] for end in range(0, 3 * 86_400 + 1, 900)}
    quarters = [(dial[end] - dial[end - 900], begin + end) for end in dial if end]
    state = BELGIAN.state(begin + 3 * 86_400 + 5)
    assert state is not None
    _, peak = BELGIAN.month_peaks(state)[-1]
    assert (peak.energy, peak.end) == max(quarters, key=lambda quarter: quarter[0])
    assert numbers(BELGIAN, peak.end)["demand"] == peak.energy // 900


def test_power_failure_silences_the_meter_and_is_counted() -> None:
    """While the power is out nothing is sent; afterwards counter and log say so."""
    meter = METERS[7]
    start, end, day = next(
        (failure[0], failure[1], day)
        for number in range(60, 300)
        for day in [meter.house.day(int(START.timestamp()) + number * 86_400)]
        for failure in day.failures
        if failure[1] - failure[0] > 180
    )
    assert meter.telegram(day.begins + start + 1) is None
    assert meter.telegram(day.begins + end) is None
    before, after = numbers(meter, day.begins + start), numbers(meter, day.begins + end + 2)
    assert after["failures"] == before["failures"] + 1
    assert after["import"] - before["import"] <= after["power_import"] * 2 + 7200
    telegram = meter.telegram(day.begins + end + 2)
    assert telegram is not None
    assert b"(%010d*s)" % (end - start) in telegram


def test_ten_years_ago_can_be_simulated() -> None:
    """A simulation may start before the meters were installed by default: they then count from that year."""
    telegrams = list(simulate("be-emucs", 1, datetime(2016, 2, 1, tzinfo=UTC), timedelta(minutes=15), 200))
    assert len(telegrams) >= 190
    with pytest.raises(ValueError, match="not installed"):
        METERS[1].telegram(0)
