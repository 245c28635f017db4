"""DSMRloggerAPI. Spacing, line ends and order are its firmware's, the values are of our own telegrams."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from meterkast_api.compat.dsmrlogger_api import slot
from meterkast_contracts.messages import DeviceInfo
from meterkast_store import Batch

from tests.api.compat.meters import FLEMISH, FULL, MINIMAL, NEWEST, ZONE, at_each, history, metered, show
from tests.api.houses import NOON, TOPICS, house
from tests.brokers import Broker
from tests.parser.telegrams import DSMR_5

ACTUAL = (
    '{"actual":[\r\n'
    '{"name": "timestamp", "value": "261123123456W"},\r\n'
    '{"name": "energy_delivered_tariff1", "value": 1234.567, "unit": "kWh"},\r\n'
    '{"name": "energy_delivered_tariff2", "value": 2345.678, "unit": "kWh"},\r\n'
    '{"name": "energy_returned_tariff1", "value": 345.600, "unit": "kWh"},\r\n'
    '{"name": "energy_returned_tariff2", "value": 789.012, "unit": "kWh"},\r\n'
    '{"name": "power_delivered", "value": 1.234, "unit": "kW"},\r\n'
    '{"name": "power_returned", "value": 0.000, "unit": "kW"},\r\n'
    '{"name": "voltage_l1", "value": 229.800, "unit": "V"},\r\n'
    '{"name": "voltage_l2", "value": 230.100, "unit": "V"},\r\n'
    '{"name": "voltage_l3", "value": 231.000, "unit": "V"},\r\n'
    '{"name": "current_l1", "value": 3.000, "unit": "A"},\r\n'
    '{"name": "current_l2", "value": 1.000, "unit": "A"},\r\n'
    '{"name": "current_l3", "value": 2.000, "unit": "A"},\r\n'
    '{"name": "power_delivered_l1", "value": 0.634, "unit": "kW"},\r\n'
    '{"name": "power_delivered_l2", "value": 0.200, "unit": "kW"},\r\n'
    '{"name": "power_delivered_l3", "value": 0.400, "unit": "kW"},\r\n'
    '{"name": "power_returned_l1", "value": 0.000, "unit": "kW"},\r\n'
    '{"name": "power_returned_l2", "value": 0.000, "unit": "kW"},\r\n'
    '{"name": "power_returned_l3", "value": 0.000, "unit": "kW"},\r\n'
    '{"name": "mbus1_delivered", "value": 1234.567, "unit": "m3"},\r\n'
    '{"name": "gas_delivered", "value": 1234.567, "unit": "m3"}\r\n'
    "]}\r\n"
)
MINIMAL_V0 = (
    '{\r\n "timestamp": "261123123500W",\r\n "energy_delivered_tariff1": 185.000,\r\n'
    ' "energy_delivered_tariff2": 84.000,\r\n "power_delivered": 0.980,\r\n "mbus1_delivered": 124.477,\r\n'
    ' "gas_delivered": 124.477\r\n}\r\n'
)
INFO = (
    '{"info":[\r\n{"name": "identification", "value": "MKT5\\\\253000000_A"},\r\n'
    '{"name": "p1_version_be", "value": "50221"},\r\n'
    '{"name": "equipment_id", "value": "3153414731303030303030303031"},\r\n'
    '{"name": "electricity_tariff", "value": "0001"},\r\n'
    '{"name": "mbus1_device_type", "value": 3},\r\n'
    '{"name": "mbus1_equipment_id_ntc", "value": "37464C4F32313230303030303031"},\r\n'
    '{"name": "mbus2_device_type", "value": 7},\r\n'
    '{"name": "mbus2_equipment_id_ntc", "value": "3853414D32313230303030303031"}\r\n]}\r\n'
)
FIELD = (
    '{"fields":[\r\n{"name": "timestamp", "value": "261123123456W"},\r\n'
    '{"name": "electricity_failures", "value": 7}\r\n]}\r\n'
)
LOG = "(2)(0-0:96.7.19)(261001020304S)(0000000301*s)(261031235959W)(0000004000*s)"
DAYS = (
    '{"days":[\r\n'
    '{"recnr": 0, "recid": "26031013", "slot": 2,"edt1": 53.100, "edt2": 0.000,"ert1": 0.000, "ert2": 0.303,'
    '"gdt": 13.000},\r\n'
    '{"recnr": 1, "recid": "26030923", "slot": 1,"edt1": 53.000, "edt2": 0.000,"ert1": 0.000, "ert2": 0.303,'
    '"gdt": 13.000},\r\n'
    '{"recnr": 2, "recid": "26030823", "slot": 0,"edt1": 52.000, "edt2": 0.000,"ert1": 0.000, "ert2": 0.202,'
    '"gdt": 12.000},\r\n'
    '{"recnr": 3, "recid": "26030723", "slot": 14,"edt1": 51.000, "edt2": 0.000,"ert1": 0.000, "ert2": 0.101,'
    '"gdt": 11.000}\r\n]}\r\n'
)


async def test_answers_are_the_originals_byte_for_byte(mosquitto: Broker) -> None:
    """Numbers stand bare with three decimals, what is absent is left out, and a backslash is escaped."""
    async with house(mosquitto) as here:
        for path, reading, expected in (
            ("/api/v1/sm/actual", FULL, ACTUAL),
            ("/api/v1/sm/fields/electricity_failures", FULL, FIELD),
            ("/api/v0/sm/actual", MINIMAL, MINIMAL_V0),
            ("/api/v1/sm/info", FLEMISH, INFO),
        ):
            await show(here, reading)
            answer = await here.get(path)
            assert answer.content == expected.encode()
            assert answer.headers["content-type"] == "application/json"


async def test_fields_list_what_the_meter_lacks_with_a_dash(mosquitto: Broker) -> None:
    """Every field that the original knows is there, in its order."""
    async with house(mosquitto) as here:
        await show(here, FULL)
        fields = (await here.get("/api/v1/sm/fields")).json()["fields"]
        by_name = {field["name"]: field["value"] for field in fields}
        assert len(fields) == len(by_name) == 36 + 4 * 7
        assert by_name["electricity_threshold"] == "-"
        assert by_name["mbus2_delivered"] == "-"
        assert by_name["electricity_failure_log"] == LOG
        assert LOG.partition("(0-0")[2].encode() in DSMR_5


async def test_a_name_asks_for_all_fields_that_begin_so(mosquitto: Broker) -> None:
    """The original looks fields up by their beginning."""
    async with house(mosquitto) as here:
        await show(here, FULL)
        fields = (await here.get("/api/v1/sm/fields/voltage")).json()["fields"]
        assert [field["name"] for field in fields] == ["timestamp", "voltage_l1", "voltage_l2", "voltage_l3"]


async def test_the_telegram_comes_untouched(mosquitto: Broker) -> None:
    """Line ends and check sum are the meter's."""
    async with house(mosquitto) as here:
        await here.publish(TOPICS.telegram("home"), DSMR_5)
        answer = await here.until_found("/api/v1/sm/telegram")
        assert answer.content == DSMR_5
        assert answer.headers["content-type"] == "application/plain"


async def test_days_are_dials_at_their_ends_the_newest_first(mosquitto: Broker, tmp_path: Path) -> None:
    """Slots are those of the original's ring file; with desc the oldest comes first, as the original has it."""
    midnights = [datetime(2026, 3, day, tzinfo=ZONE) for day in range(7, 11)]

    def registers(k: int) -> dict[str, int]:
        day = min(k, 3)
        return {"energy_import_t1_wh": 50_000 + 1000 * day + (100 if k == 4 else 0), "energy_export_t2_wh": 101 * day}

    batch = at_each([*midnights, NEWEST], registers, lambda k: 10_000 + 1000 * min(k, 3))
    async with history(tmp_path / "h", batch) as store, house(mosquitto, store) as here:
        await show(here, metered("13.000"))
        assert (await here.get("/api/v1/hist/days")).content == DAYS.encode()
        assert (await here.get("/api/v1/hist/days/asc")).content == DAYS.encode()
        oldest_first = (await here.get("/api/v1/hist/days/desc")).json()["days"]
        assert [row["recid"] for row in oldest_first] == ["26030723", "26030823", "26030923", "26031013"]
        assert [row["recnr"] for row in oldest_first] == [11, 12, 13, 14]


async def test_hours_without_a_reading_are_left_out(mosquitto: Broker, tmp_path: Path) -> None:
    """A hole of hours has no rows; what was used across it stands in the dials after it."""
    start = datetime(2026, 3, 10, 6, tzinfo=ZONE)
    times = [start + timedelta(hours=hours) for hours in (0, 1, 5, 6)]
    batch = at_each(times, lambda k: {"energy_import_t1_wh": (1000, 1100, 1900, 2000)[k]})
    async with history(tmp_path / "h", batch) as store, house(mosquitto, store) as here:
        await show(here, metered("0", times[-1]))
        rows = (await here.get("/api/v1/hist/hours")).json()["hours"]
        assert [(row["recid"], row["edt1"]) for row in rows] == [("26031011", 2.0), ("26031006", 1.1)]


async def test_a_replaced_meters_dials_are_not_continued(mosquitto: Broker, tmp_path: Path) -> None:
    """Rows go back to the day on which the meter that is there now came."""
    days = [datetime(2026, 3, day, tzinfo=ZONE) for day in range(5, 11)]
    old = at_each(days[:3], lambda k: {"energy_import_t1_wh": 900_000 + 1000 * k})
    new = at_each(days[3:], lambda k: {"energy_import_t1_wh": 100 + 1000 * k})
    replaced = Batch([replace(sample, meter="E2") for sample in new.samples])
    async with history(tmp_path / "h", old, replaced) as store, house(mosquitto, store) as here:
        await show(here, metered("0", days[-1]))
        rows = (await here.get("/api/v1/hist/days")).json()["days"]
        assert [row["edt1"] for row in rows] == [2.1, 1.1]


@pytest.mark.parametrize(
    ("name", "local", "expected"),
    [
        ("hours", datetime(2021, 3, 10, 6, tzinfo=ZONE), 17),
        ("days", datetime(2021, 3, 11, 4, tzinfo=ZONE), 7),
        ("months", datetime(2021, 3, 11, 6, tzinfo=ZONE), 18),
    ],
)
def test_slots_are_those_of_the_originals_documentation(name: str, local: datetime, expected: int) -> None:
    """Examples of the original's own description of its API."""
    assert slot(name, local) == expected


async def test_the_device_tells_its_time_and_what_is_known_of_it(mosquitto: Broker) -> None:
    """Names of the original; what only its chip knew is absent."""
    device = DeviceInfo(gateway="home", source="esp01", version="1", started_at=NOON, signal_dbm=-52, uptime_s=93_780)
    async with house(mosquitto) as here:
        await here.publish(TOPICS.device("home"), device.to_json(), retain=True)
        await here.until_found("/api/v1/meters/home/device")
        await show(here, FULL)
        told = {field["name"]: field["value"] for field in (await here.get("/api/v1/dev/time")).json()["devtime"]}
        assert told["time"] == "2026-11-23 12:34:56"
        assert told["uptime"] == "1(d)-02:03(H:m)"
        now = datetime.now(UTC).astimezone(ZONE).replace(tzinfo=UTC).timestamp()
        assert told["epoch"] == pytest.approx(now, abs=60)
        info = {field["name"]: field["value"] for field in (await here.get("/api/v1/dev/info")).json()["devinfo"]}
        assert info["wifirssi"] == -52
        assert info["hostname"] == "home"
        assert "chipid" not in info


async def test_a_history_that_is_none_is_named(mosquitto: Broker) -> None:
    """The answer says which there are."""
    async with house(mosquitto) as here:
        await show(here, FULL)
        answer = await here.get("/api/v1/hist/years")
        assert answer.status_code == 404
        assert answer.json()["detail"] == "there is no history of years: ask for hours, days, months"
