"""Points in time as people write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meterkast_api.moments import MomentError, parse_moment, rows_in, usual_span
from meterkast_store.history import Period

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 3, 30, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-29", "2026-03-28T23:00Z"),
        ("2026-03-30", "2026-03-29T22:00Z"),
        ("2026-03-29T14:00", "2026-03-29T12:00Z"),
        ("2026-03-29T14:00:30.5+00:00", "2026-03-29T14:00:30.5Z"),
        ("2026-03-29T14:00 01:00", "2026-03-29T13:00Z"),
        ("2026-03-29T14:00Z", "2026-03-29T14:00Z"),
        ("now", "2026-03-30T09:30Z"),
        ("today", "2026-03-29T22:00Z"),
        ("yesterday", "2026-03-28T23:00Z"),
        ("tomorrow", "2026-03-30T22:00Z"),
        ("-90m", "2026-03-30T08:00Z"),
        ("-24h", "2026-03-29T09:30Z"),
        ("-2d", "2026-03-28T10:30Z"),
        ("-1w", "2026-03-23T10:30Z"),
    ],
)
def test_a_moment_is_local_unless_it_has_an_offset(text: str, utc: str) -> None:
    """Dates begin at local midnight, hours back are hours, days back are days of the calendar."""
    assert parse_moment(text, zone=AMSTERDAM, now=NOW) == datetime.fromisoformat(utc)


@pytest.mark.parametrize("text", ["", "soon", "-7", "-7y", "2026-13-01", "0001-01-01", "9999-12-31", "-999999w", "١٢"])
def test_what_is_no_moment_is_refused_with_what_would_be(text: str) -> None:
    """The error quotes the text and shows the forms that are understood."""
    with pytest.raises(MomentError, match="use 2026-03-29"):
        parse_moment(text, zone=AMSTERDAM, now=NOW)


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_a_moment_error(text: str) -> None:
    """No other exception comes out, whatever goes in."""
    try:
        assert parse_moment(text, zone=AMSTERDAM, now=NOW).tzinfo is UTC
    except MomentError as error:
        assert repr(text) in str(error)  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize(
    ("per", "start", "rows"),
    [
        (Period.QUARTER, "2026-03-29T22:00Z", 97),
        (Period.HOUR, "2026-03-29T22:00Z", 25),
        (Period.DAY, "2026-02-28T23:00Z", 30),
        (Period.WEEK, "2026-01-11T23:00Z", 12),
        (Period.MONTH, "2025-12-31T23:00Z", 3),
        (Period.YEAR, "2016-12-31T23:00Z", 10),
    ],
)
def test_the_usual_span_suits_the_length_of_a_row(per: Period, start: str, rows: int) -> None:
    """Short rows cover today, days this month, weeks twelve weeks, months this year, years ten years."""
    found = usual_span(per, NOW, AMSTERDAM)
    assert found == (datetime.fromisoformat(start), datetime(2026, 3, 30, 22, tzinfo=UTC))
    assert rows_in(per, *found) == rows
