"""Local times of telegrams."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meterkast_parser.errors import LineError
from meterkast_parser.times import LocalTimes

ZONE = ZoneInfo("Europe/Amsterdam")
UNHURRIED = settings(deadline=None)
TIMES = LocalTimes(ZONE)
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)


@UNHURRIED
@given(st.integers(0, 100 * 365 * 24 * 3600).map(lambda second: EARLIEST + timedelta(seconds=second)))
def test_a_printed_time_reads_back(moment: datetime) -> None:
    """Any moment, printed as local time with its letter, reads back to the second, doubled hours too."""
    local = moment.astimezone(ZONE)
    assert TIMES.parse(f"{local:%y%m%d%H%M%S}{'S' if local.dst() else 'W'}") == local


@pytest.mark.parametrize("text", ["", "261123", "261123246000W", "261123123460W", "261323123456W", "261123123456SW"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """Fewer digits, hours, minutes or months that no clock shows, and other letters are refused."""
    with pytest.raises(LineError):
        TIMES.parse(text)


def test_hours_stay_bounded() -> None:
    """However many different hours come by, no more than the limit stay."""
    times = LocalTimes(ZONE)
    start = datetime(2020, 1, 1, tzinfo=UTC)
    for hour in range(LocalTimes.LIMIT + 100):
        times.parse(f"{start + timedelta(hours=hour):%y%m%d%H0000}")
    assert len(times) <= LocalTimes.LIMIT


@pytest.mark.parametrize("text", ["632525252525W", "35255255255255255S", "700101000000W", "", "0" * 12 + "W"])
def test_absurd_times_are_none(text: str) -> None:
    """What no clock shows is no time, at the second look too."""
    times = LocalTimes(ZONE)
    assert [times.plausible(text), times.plausible(text), times.boundary(text)] == [None] * 3


def test_absurd_times_stay_bounded() -> None:
    """However many absurd times come by, each is None, and reading goes on."""
    times = LocalTimes(ZONE)
    assert {times.plausible(f"{number:06}255255W") for number in range(2 * LocalTimes.ABSURD_LIMIT)} == {None}
    assert times.plausible("261123123456W") == datetime(2026, 11, 23, 11, 34, 56, tzinfo=UTC)
