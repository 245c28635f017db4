"""What one telegram after another gives to publish."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from meterkast_contracts.messages import Reading
from meterkast_contracts.topics import Topics
from meterkast_parser.gateway import Gateway, Options
from meterkast_parser.lane import Lane
from meterkast_parser.outgoing import Outgoing

from tests.parser.telegrams import DSMR_5, OLD, with_crc

ZONE = ZoneInfo("Europe/Amsterdam")
START = datetime(2026, 11, 23, 11, 34, 56, tzinfo=UTC)
TOPICS = Topics()


def gateway(**options: object) -> Gateway:
    return Gateway("home", Options(zone=ZONE, topics=TOPICS, **options), lambda: 0.0)  # type: ignore[arg-type]


def at(moment: datetime) -> bytes:
    local = moment.astimezone(ZONE).strftime("%y%m%d%H%M%S").encode()
    return with_crc(DSMR_5.replace(b"261123123456", local))


def readings(messages: list[Outgoing]) -> list[Reading]:
    return [Reading.from_json(message.payload) for message in messages if message.topic == TOPICS.reading("home")]


def test_interval_takes_the_first_telegram_of_each_interval() -> None:
    """With an interval of 10 s, the readings stand at or just after each full 10 s."""
    home = gateway(interval_s=10)
    taken = [
        reading.measured_at
        for second in range(60)
        for reading in readings(list(home.take(at(START + timedelta(seconds=second)), START)))
    ]
    assert taken[1:] == [START + timedelta(seconds=second) for second in (4, 14, 24, 34, 44, 54)]


def test_parsers_that_share_take_one_reading_each_of_an_interval() -> None:
    """With an interval of 10 s, two parsers give two readings of it, the first of them at its boundary."""
    two = [gateway(interval_s=10, lane=Lane(number)) for number in range(2)]
    taken = sorted(
        reading.measured_at
        for second in range(4, 34)
        for reading in readings(list(two[second % 2].take(at(START + timedelta(seconds=second)), START)))
        if reading.measured_at
    )
    assert taken == [START + timedelta(seconds=second) for second in (4, 5, 14, 15, 24, 25)]


@pytest.mark.parametrize("kind", ["obis", "value"])
def test_single_values_can_be_left_out(kind: str) -> None:
    """The topics under obis/ and value/ are settings of their own."""
    home = gateway(publish_obis=kind != "obis", publish_values=kind != "value")
    kinds = {message.topic.split("/")[2] for message in home.take(DSMR_5, START)}
    assert kinds == {"obis", "value", "reading"} - {kind}


def test_absurd_clock_gives_the_receive_time() -> None:
    """A meter more than a day off is read at the receive time, and the reading says so."""
    (reading,) = readings(list(gateway().take(DSMR_5, START + timedelta(days=2))))
    assert reading.measured_at == START + timedelta(days=2)
    assert reading.warnings == ("clock: the meter's '261123123456W' is absurd",)


def test_two_readings_never_share_a_millisecond() -> None:
    """Telegrams without a clock that come at once keep apart, since history knows readings by their time."""
    home = gateway()
    moments = [readings(list(home.take(OLD, START)))[0].measured_at for _ in range(5)]
    assert len(set(moments)) == 5


def test_a_late_telegram_without_a_clock_keeps_the_time_that_came_with_it() -> None:
    """What the reader held back, and may send twice, is read at the reader's time, however much was read since."""
    home = gateway()
    list(home.take(OLD, START))
    earlier = START - timedelta(minutes=5)
    for _ in range(2):
        (late,) = readings(list(home.take(OLD, earlier, late=True)))
        assert late.measured_at == earlier
