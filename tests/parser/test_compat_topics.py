"""DSMR-reader's and the DSMR logger's topics, byte by byte.

Formats: DSMR-reader 5.11, dsmr_mqtt (models/settings/telegram.py, services/callbacks.py); DSMRloggerAPI 5,
src/MQTTstuff.cpp and src/jsonStuff.cpp.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from meterkast_contracts.compat.reader_fields import READING
from meterkast_contracts.messages import Reading
from meterkast_contracts.topics import TopicError, Topics
from meterkast_parser.compat.chosen import Chosen
from meterkast_parser.compat.logger_topics import LoggerTopics
from meterkast_parser.compat.reader_topics import STATISTICS, ReaderTopics
from meterkast_parser.compat.settings import CompatSection
from meterkast_parser.decode import decode
from pydantic import ValidationError

from tests.parser.telegrams import BELGIAN, DSMR_5, OLD

ZONE = ZoneInfo("Europe/Amsterdam")
NOON = datetime(2026, 11, 23, 11, 34, 56, tzinfo=UTC)


def chosen(named: str | None = "home") -> Chosen:
    return Chosen(named, lambda _sentence: None)


def read(raw: bytes, received_at: datetime = NOON) -> Reading:
    return decode(raw, gateway="home", received_at=received_at, zone=ZONE)


def reader(previous: Reading | None, reading: Reading) -> dict[str, str]:
    outgoing = list(ReaderTopics("dsmr", chosen(), ZONE).messages(previous, reading))
    assert all(one.retain for one in outgoing)
    return {one.topic: one.payload.decode() for one in outgoing}


def logger(previous: Reading | None, reading: Reading, *, interval_s: int = 10) -> dict[str, str]:
    outgoing = list(LoggerTopics("DSMR-API", interval_s, chosen(), ZONE).messages(previous, reading))
    assert not any(one.retain for one in outgoing)
    return {one.topic: one.payload.decode() for one in outgoing}


def test_dsmr_readers_topics() -> None:
    """Kilowatts and kilowatt-hours with three places, volts with one, whole amperes, times in UTC."""
    assert reader(None, read(DSMR_5)) == {
        "dsmr/reading/id": "1795433696000",
        "dsmr/reading/timestamp": "2026-11-23T11:34:56Z",
        "dsmr/reading/electricity_delivered_1": "1234.567",
        "dsmr/reading/electricity_returned_1": "345.600",
        "dsmr/reading/electricity_delivered_2": "2345.678",
        "dsmr/reading/electricity_returned_2": "789.012",
        "dsmr/reading/electricity_currently_delivered": "1.234",
        "dsmr/reading/electricity_currently_returned": "0.000",
        "dsmr/reading/phase_currently_delivered_l1": "0.634",
        "dsmr/reading/phase_currently_delivered_l2": "0.200",
        "dsmr/reading/phase_currently_delivered_l3": "0.400",
        "dsmr/reading/extra_device_timestamp": "2026-11-23T11:30:00Z",
        "dsmr/reading/extra_device_delivered": "1234.567",
        "dsmr/reading/phase_currently_returned_l1": "0.000",
        "dsmr/reading/phase_currently_returned_l2": "0.000",
        "dsmr/reading/phase_currently_returned_l3": "0.000",
        "dsmr/reading/phase_voltage_l1": "229.8",
        "dsmr/reading/phase_voltage_l2": "230.1",
        "dsmr/reading/phase_voltage_l3": "231.0",
        "dsmr/reading/phase_power_current_l1": "3",
        "dsmr/reading/phase_power_current_l2": "1",
        "dsmr/reading/phase_power_current_l3": "2",
        "dsmr/meter-stats/dsmr_version": "50",
        "dsmr/meter-stats/electricity_tariff": "2",
        "dsmr/meter-stats/power_failure_count": "7",
        "dsmr/meter-stats/long_power_failure_count": "3",
        "dsmr/meter-stats/voltage_sag_count_l1": "2",
        "dsmr/meter-stats/voltage_sag_count_l2": "1",
        "dsmr/meter-stats/voltage_sag_count_l3": "0",
        "dsmr/meter-stats/voltage_swell_count_l1": "0",
        "dsmr/meter-stats/voltage_swell_count_l2": "3",
        "dsmr/meter-stats/voltage_swell_count_l3": "0",
        "dsmr/consumption/gas/read_at": "2026-11-23T12:30:00+01:00",
        "dsmr/consumption/gas/delivered": "1234.567",
    }


def test_dsmr_reader_is_told_what_has_changed() -> None:
    """A field that stays is not written again, one that is no more is cleared, gas tells what the dial gained."""
    before = read(DSMR_5)
    gas = before.mbus[0].model_copy(update={"value": Decimal("1235.067"), "measured_at": NOON})
    values = {name: value for name, value in before.values.items() if name != "current_l3_a"}
    after = before.model_copy(update={"values": {**values, "power_import_w": 1235}, "mbus": (gas,)})
    assert reader(before, after) == {
        "dsmr/reading/electricity_currently_delivered": "1.235",
        "dsmr/reading/phase_power_current_l3": "",
        "dsmr/reading/extra_device_timestamp": "2026-11-23T11:34:56Z",
        "dsmr/reading/extra_device_delivered": "1235.067",
        "dsmr/consumption/gas/read_at": "2026-11-23T12:34:56+01:00",
        "dsmr/consumption/gas/delivered": "1235.067",
        "dsmr/consumption/gas/currently_delivered": "0.500",
    }


def test_gas_of_dsmr_4_is_that_of_the_hour_before() -> None:
    """DSMR-reader wants the beginning of the hour, and DSMR 4 gives its end."""
    four = read(DSMR_5).model_copy(update={"version": "42"})
    assert reader(None, four)["dsmr/consumption/gas/read_at"] == "2026-11-23T11:30:00+01:00"


def test_what_dsmr_reader_never_has_null_is_zero() -> None:
    """An old meter without export gives 0.000 there, and nothing for what it lacks else."""
    topics = reader(None, read(OLD, NOON + timedelta(milliseconds=250)))
    assert topics["dsmr/reading/electricity_returned_1"] == "0.000"
    assert topics["dsmr/reading/timestamp"] == "2026-11-23T11:34:56.250Z"
    assert "dsmr/reading/phase_voltage_l1" not in topics


def test_the_dsmr_loggers_topics() -> None:
    """One JSON object per field that the telegram has, with three places, or none for whole numbers."""
    topics = logger(None, read(DSMR_5))
    assert {topic.removeprefix("DSMR-API/"): topics[topic] for topic in topics if "_l" not in topic} == {
        "identification": '{"identification": [{"value": "MKT5\\\\2SYNTHETIC"}]}',
        "p1_version": '{"p1_version": [{"value": "50"}]}',
        "timestamp": '{"timestamp": [{"value": "261123123456W"}]}',
        "equipment_id": '{"equipment_id": [{"value": "4D4B543030303030303030303031"}]}',
        "energy_delivered_tariff1": '{"energy_delivered_tariff1": [{"value": 1234.567, "unit": "kWh"}]}',
        "energy_delivered_tariff2": '{"energy_delivered_tariff2": [{"value": 2345.678, "unit": "kWh"}]}',
        "energy_returned_tariff1": '{"energy_returned_tariff1": [{"value": 345.600, "unit": "kWh"}]}',
        "energy_returned_tariff2": '{"energy_returned_tariff2": [{"value": 789.012, "unit": "kWh"}]}',
        "electricity_tariff": '{"electricity_tariff": [{"value": "0002"}]}',
        "power_delivered": '{"power_delivered": [{"value": 1.234, "unit": "kW"}]}',
        "power_returned": '{"power_returned": [{"value": 0.000, "unit": "kW"}]}',
        "electricity_failures": '{"electricity_failures": [{"value": 7}]}',
        "mbus1_device_type": '{"mbus1_device_type": [{"value": 3}]}',
        "mbus1_equipment_id_tc": '{"mbus1_equipment_id_tc": [{"value": "4D4B5447303030303030303031"}]}',
        "mbus1_delivered": '{"mbus1_delivered": [{"value": 1234.567, "unit": "m3"}]}',
        "gas_delivered": '{"gas_delivered": [{"value": 1234.567, "unit": "m3"}]}',
    }
    assert topics["DSMR-API/voltage_l1"] == '{"voltage_l1": [{"value": 229.800, "unit": "V"}]}'
    assert topics["DSMR-API/current_l1"] == '{"current_l1": [{"value": 3.000, "unit": "A"}]}'


def test_the_dsmr_logger_writes_every_so_often() -> None:
    """The first reading of an interval is written, whole, and the others are not."""
    before = read(BELGIAN)
    times = [NOON + timedelta(seconds=second) for second in range(1, 11)]
    readings = [before.model_copy(update={"measured_at": at}) for at in times]
    pairs = list(zip([before, *readings], readings, strict=False))
    assert [at.second for at, pair in zip(times, pairs, strict=True) if logger(*pair)] == [0]
    assert all(logger(*pair, interval_s=0) for pair in pairs)


def test_only_the_chosen_gateway_is_shown() -> None:
    """Another's readings give nothing."""
    for publisher in (ReaderTopics("dsmr", chosen("shed"), ZONE), LoggerTopics("x", 0, chosen("shed"), ZONE)):
        assert list(publisher.messages(None, read(DSMR_5))) == []
        assert publisher.retained("home") == ()


def test_without_a_name_the_only_gateway_is_shown() -> None:
    """A second one makes it a question, which is asked once; when it is forgotten, the other is shown again."""
    asked: list[str | None] = []
    these = Chosen(None, asked.append)
    these.meet("home")
    assert these.shows("home")
    assert asked == [None]
    these.meet("shed")
    these.meet("shed")
    assert not these.shows("home")
    assert len(asked) == 2
    assert "home, shed: name one" in (asked[1] or "")
    these.forget("shed")
    assert these.shows("home")
    assert asked[2] is None


def test_dsmr_readers_topics_are_none_of_ours() -> None:
    """Nobody who knows the contract takes them for a gateway's."""
    fields = [row[0] for row in READING if row] + [field for field, _ in STATISTICS] + ["id", "timestamp"]
    for topic in (*(f"dsmr/reading/{field}" for field in fields), *(f"dsmr/meter-stats/{field}" for field in fields)):
        with pytest.raises(TopicError):
            Topics().parse(topic)


def test_a_gateway_cannot_have_dsmr_readers_words_for_a_name() -> None:
    """The settings say so before anything starts."""
    with pytest.raises(ValidationError, match="cannot be told from DSMR-reader's topics"):
        CompatSection(dsmr_reader=True, gateway="reading")
    assert CompatSection(gateway="reading").gateway == "reading"
