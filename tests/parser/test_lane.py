"""Times that several parsers give to telegrams without a clock."""

from datetime import UTC, datetime, timedelta

import pytest
from meterkast_parser.lane import LANES, Lane

MOMENT = datetime(2026, 11, 23, 12, 0, 0, 123_456, tzinfo=UTC)


@pytest.mark.parametrize(("instance", "number"), [("parser-0", 0), ("parser-7", 7), ("parser-64", 0), ("main", 36)])
def test_the_number_of_an_instance_is_its_lane(instance: str, number: int) -> None:
    """Numbered parsers have lanes of their own; a name without a number takes its CRC-32."""
    assert Lane.of(instance) == Lane(number)


def test_two_lanes_never_meet() -> None:
    """Whatever the moment, its time lies in the lane, at most 64 ms after it, and in no other lane."""
    taken = set()
    for number in range(LANES):
        at = Lane(number).at_or_after(MOMENT)
        assert MOMENT <= at <= MOMENT + timedelta(milliseconds=LANES)
        assert at.microsecond % 1000 == 0
        assert Lane(number).at_or_after(at) == at
        taken.add(at)
    assert len(taken) == LANES
