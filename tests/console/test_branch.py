"""Which files there are, and when they changed: told by how far history reaches alone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from meterkast_console.files.branch import MINUTE, changed, leaves, running
from meterkast_console.files.leaf import Leaf
from meterkast_console.files.reach import Reach

HERE = ZoneInfo("Europe/Amsterdam")
BEGIN = datetime(2024, 12, 31, 22, 30, tzinfo=UTC)
NEWEST = datetime(2026, 11, 26, 1, 17, 42, 500_000, tzinfo=UTC)
NOW = NEWEST + timedelta(seconds=3)
EVERYTHING = Reach(
    gateway="home",
    zone=HERE,
    history=(BEGIN, NEWEST),
    samples=(NEWEST - timedelta(days=2), NEWEST),
    event_at=NEWEST - timedelta(days=9),
    received_at=NEWEST + timedelta(milliseconds=400),
    telegram_at=NEWEST + timedelta(milliseconds=400),
)


def files(reach: Reach = EVERYTHING, now: datetime = NOW) -> dict[str, Leaf]:
    return {leaf.path: leaf for leaf in leaves(reach, now)}


def test_there_is_a_file_for_each_month_year_and_day() -> None:
    """Months are those of the home: history that begins at half past eleven on New Year's Eve has that December."""
    found = files()
    for name in ("quarters", "hours"):
        for folder in ("home", "home/excel-nl"):
            months = sorted(path for path in found if path.startswith(f"{folder}/{name}/"))
            assert len(months) == 24
            assert months[0] == f"{folder}/{name}/2024/2024-12.csv"
            assert months[-1] == f"{folder}/{name}/2026/2026-11.csv"
    assert [path for path in found if path.startswith("home/days/")] == [
        "home/days/2024.csv",
        "home/days/2025.csv",
        "home/days/2026.csv",
    ]
    assert [path for path in found if "samples" in path] == [
        f"home/samples/2026-11-{day}.csv.gz" for day in (24, 25, 26)
    ]
    others = {path for path in found if path.count("/") == 1}
    names = "months.csv events.csv latest.json telegram.txt PRDhours.csv PRDweek.csv PRDmonths.csv"
    rings = "RINGhours.csv RINGdays.csv RINGmonths.csv"
    assert others == {f"home/{name}" for name in f"{names} {rings}".split()}


def test_a_reading_at_the_very_end_begins_no_new_month() -> None:
    """At midnight of New Year nothing has been used in January; the reading is one of that day all the same."""
    midnight = datetime(2026, 1, 1, tzinfo=HERE).astimezone(UTC)
    found = files(Reach(gateway="home", zone=HERE, history=(BEGIN, midnight), samples=(midnight, midnight)))
    assert max(path for path in found if "home/hours/" in path) == "home/hours/2025/2025-12.csv"
    assert max(path for path in found if "home/days/" in path) == "home/days/2025.csv"
    assert "home/samples/2026-01-01.csv.gz" in found


def test_each_file_asks_for_the_home_s_dates() -> None:
    """The API is asked for calendar dates, so that a month of 23 and 25 hour days is whole."""
    october = files()["home/excel-nl/hours/2026/2026-10.csv"]
    assert october.address == "/api/v1/meters/home/usage.csv"
    assert october.question.query == {"per": "hour", "from": "2026-10-01", "to": "2026-11-01", "decimal": "comma"}
    day = files()["home/samples/2026-11-25.csv.gz"].question
    assert (day.name, day.query) == ("samples.csv", {"from": "2026-11-25", "to": "2026-11-26"})


def test_a_gateway_of_which_little_is_known_has_little() -> None:
    """What is not there has no file."""
    assert files(Reach(gateway="home", zone=HERE)) == {}
    assert set(files(Reach(gateway="home", zone=HERE, received_at=NEWEST))) == {"home/latest.json"}
    old = files(Reach(gateway="home", zone=HERE, history=(BEGIN, NEWEST)))
    assert not [path for path in old if "PRD" in path or "samples" in path or "events" in path]


def test_a_finished_file_stands_from_an_hour_after_its_end() -> None:
    """Whatever comes later, a month that is over keeps its time and its version."""
    october = "home/hours/2026/2026-10.csv"
    end = datetime(2026, 11, 1, tzinfo=HERE)
    later = Reach(gateway="home", zone=HERE, history=(BEGIN, NEWEST + timedelta(days=400)))
    assert files()[october].changed == end + timedelta(hours=1)
    assert files(later, NOW + timedelta(days=400))[october].version == files()[october].version


def test_what_runs_changes_with_the_minute_of_its_newest_reading() -> None:
    """Each minute is a version; seconds are not, or a mirror would never be done."""
    month = "home/quarters/2026/2026-11.csv"
    assert files()[month].changed == datetime(2026, 11, 26, 1, 17, tzinfo=UTC)
    assert files()["home/samples/2026-11-26.csv.gz"].changed == datetime(2026, 11, 26, 1, 15, tzinfo=UTC)
    assert files()["home/latest.json"].changed == EVERYTHING.received_at


def test_once_readings_stop_the_last_of_them_is_in_the_file() -> None:
    """The time becomes that of the newest reading, so that its version is one that nobody has yet."""
    assert running(NEWEST, NEWEST + timedelta(minutes=1), MINUTE) < NEWEST
    assert running(NEWEST, NEWEST + timedelta(minutes=3), MINUTE) == NEWEST


@pytest.mark.parametrize("step", [timedelta(seconds=10), timedelta(minutes=7), timedelta(hours=5)])
def test_time_never_runs_backwards(step: timedelta) -> None:
    """Around the end of a month a file's time only grows: mirrors take an older one for no change."""
    end = datetime(2026, 11, 1, tzinfo=HERE).astimezone(UTC)
    times, newest = [], end - 4 * step
    while newest < end + timedelta(hours=30):
        times.append(changed(end, newest, newest + timedelta(seconds=2)))
        newest += step
    assert times == sorted(times)
    assert times[-1] == end + timedelta(hours=1)


def test_another_time_zone_makes_other_files() -> None:
    """Months begin elsewhere: nothing of the old ones may be given for them."""
    there = Reach(gateway="home", zone=ZoneInfo("Europe/Lisbon"), history=(BEGIN, NEWEST))
    path = "home/hours/2025/2025-05.csv"
    assert files(there)[path].version != files()[path].version
