"""The ESP-01 logger of 2018. The format is DSMRlogger2HTTP 0.7.7's, the values are of our own telegrams."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from meterkast_contracts.messages import DeviceInfo
from meterkast_store import Batch

from tests.api.compat.meters import FULL, MINIMAL, NEWEST, ZONE, at_each, history, metered, show, simulated
from tests.api.houses import NOON, TOPICS, house
from tests.brokers import Broker

ACTUAL = (
    b'{ "Timestamp":"261123123456W","Energy_Delivered":"3580.245","Energy_Returned":"1134.612",'
    b'"Gas_Delivered":"1234.57","Energy_Delivered_Tariff1":"1234.567","Energy_Delivered_Tariff2":"2345.678",'
    b'"Energy_Returned_Tariff1":"345.600","Energy_Returned_Tariff2":"789.012","Power_Delivered":"1.234",'
    b'"Power_Returned":"0.000","Voltage_l1":"229.8","Current_l1":"3","Voltage_l2":"230.1","Current_l2":"1",'
    b'"Voltage_l3":"231.0","Current_l3":"2","Power_Delivered_l1":"634","Power_Returned_l1":"0",'
    b'"Power_Delivered_l2":"200","Power_Returned_l2":"0","Power_Delivered_l3":"400","Power_Returned_l3":"0"}'
)
MINIMAL_ACTUAL = (
    b'{ "Timestamp":"261123123500W","Energy_Delivered":"269.000","Energy_Returned":"0.000",'
    b'"Gas_Delivered":"124.48","Energy_Delivered_Tariff1":"185.000","Energy_Delivered_Tariff2":"84.000",'
    b'"Energy_Returned_Tariff1":"0.000","Energy_Returned_Tariff2":"0.000","Power_Delivered":"0.980",'
    b'"Power_Returned":"0.000","Voltage_l1":"0.0","Current_l1":"0","Voltage_l2":"0.0","Current_l2":"0",'
    b'"Voltage_l3":"0.0","Current_l3":"0","Power_Delivered_l1":"0","Power_Returned_l1":"0",'
    b'"Power_Delivered_l2":"0","Power_Returned_l2":"0","Power_Delivered_l3":"0","Power_Returned_l3":"0"}'
)
DEVICE_INFO = (
    b'{ "Identification":"MKT5\\u005c2SYNTHETIC","P1_Version":"50","Equipment_Id":"4D4B543030303030303030303031",'
    b'"Electricity_Tariff":"0002","Gas_Device_Type":"3","Gas_Equipment_Id":"4D4B5447303030303030303031",'
    b'"FwVersion":"0.1.0","IpAddress":"192.168.1.20","Hostname":"home","upTime":"1(d):02:03",'
    b'"TelegramCount":"93780","TelegramErrors":"2"}'
)
HOURS = (
    b'[{"Hour":"12:00 - 14:59","Energy_Delivered":"140","Energy_Returned":"1","Gas_Delivered":"0.02"}'
    b',{"Hour":"09:00 - 11:59","Energy_Delivered":"321","Energy_Returned":"3","Gas_Delivered":"0.06"}'
    b',{"Hour":"06:00 - 08:59","Energy_Delivered":"321","Energy_Returned":"3","Gas_Delivered":"0.06"}'
    b',{"Hour":"03:00 - 05:59","Energy_Delivered":"321","Energy_Returned":"3","Gas_Delivered":"0.06"}'
    b',{"Hour":"00:00 - 02:59","Energy_Delivered":"321","Energy_Returned":"3","Gas_Delivered":"0.06"}'
    b',{"Hour":"21:00 - 23:59","Energy_Delivered":"321","Energy_Returned":"3","Gas_Delivered":"0.06"}'
    b',{"Hour":"18:00 - 20:59","Energy_Delivered":"321","Energy_Returned":"3","Gas_Delivered":"0.06"}'
    b',{"Hour":"Tot en met  17:59","Energy_Delivered":"150.000 (kWh)","Energy_Returned":"10.000 (kWh)",'
    b'"Gas_Delivered":"5.00"}]'
)
WEEK = (
    b'[{"WeekDay":"Dinsdag","Energy_Delivered":"0.750","Energy_Returned":"0.000","Gas_Delivered":"0.25"}'
    b',{"WeekDay":"Maandag","Energy_Delivered":"8.500","Energy_Returned":"1.001","Gas_Delivered":"1.50"}'
    b',{"WeekDay":"Zondag","Energy_Delivered":"8.500","Energy_Returned":"1.001","Gas_Delivered":"1.50"}'
    b',{"WeekDay":"Zaterdag","Energy_Delivered":"8.500","Energy_Returned":"1.001","Gas_Delivered":"1.50"}'
    b',{"WeekDay":"Vrijdag","Energy_Delivered":"8.500","Energy_Returned":"1.001","Gas_Delivered":"1.50"}'
    b',{"WeekDay":"Donderdag","Energy_Delivered":"8.500","Energy_Returned":"1.001","Gas_Delivered":"1.50"}'
    b',{"WeekDay":"Tot en met Woensdag","Energy_Delivered":"117.000","Energy_Returned":"2.002",'
    b'"Gas_Delivered":"13.00"}]'
)
MONTH = (
    '{{"Month":"{}","ED1_Year":"{}","Energy_Delivered1":"{}","ED2_Year":"{}","Energy_Delivered2":"{}",'
    '"ER1_Year":"{}","Energy_Returned1":"{}","ER2_Year":"{}","Energy_Returned2":"{}",'
    '"GD1_Year":"{}","Gas_Delivered1":"{}","GD2_Year":"{}","Gas_Delivered2":"{}"}}'
)
MONTHS = [
    ("Maart", "2026", "7.500", "2025", "112.000"),
    ("Februari", "2026", "123.000", "2025", "111.000"),
    ("Januari", "2026", "122.000", "2025", "110.000"),
    ("December", "2025", "121.000", "2024", "109.000"),
    ("November", "2025", "120.000", "2024", "108.000"),
    ("Oktober", "2025", "119.000", "2024", "107.000"),
    ("September", "2025", "118.000", "2024", "106.000"),
    ("Augustus", "2025", "117.000", "2024", "105.000"),
    ("Juli", "2025", "116.000", "2024", "104.000"),
    ("Juni", "2025", "115.000", "2024", "103.000"),
    ("Mei", "2025", "114.000", "2024", "102.000"),
    ("Tot en met April", "2025", "2491.000", "2024", "1201.000"),
]


async def test_actual_is_the_originals_byte_for_byte(mosquitto: Broker) -> None:
    """Every value is a string with the original's decimals, in its order; what a meter lacks is 0."""
    async with house(mosquitto) as here:
        for reading, expected in ((FULL, ACTUAL), (MINIMAL, MINIMAL_ACTUAL)):
            await show(here, reading)
            answer = await here.get("/getActual.json")
            assert answer.content == expected
            assert answer.headers["content-type"] == "application/json"


async def test_device_info_escapes_the_meters_name_by_number(mosquitto: Broker) -> None:
    """The original writes a backslash by its number, u005c; of the reader only what is known is there."""
    device = DeviceInfo(
        gateway="home",
        source="esp01",
        version="1",
        started_at=NOON,
        address="192.168.1.20",
        uptime_s=93_780,
        counters={"telegrams": 93_780, "crc_errors": 2},
    )
    async with house(mosquitto) as here:
        await here.publish(TOPICS.device("home"), device.to_json(), retain=True)
        await here.until_found("/api/v1/meters/home/device")
        await show(here, FULL)
        assert (await here.get("/getDeviceInfo.json")).content == DEVICE_INFO


async def test_hours_are_blocks_of_three_the_newest_first(mosquitto: Broker, tmp_path: Path) -> None:
    """Seven blocks in whole watt-hours, then what the dials showed at the end of the eighth."""
    hours = [datetime(2026, 3, 9, 17, tzinfo=UTC) + timedelta(hours=k) for k in range(20)]

    def registers(k: int) -> dict[str, int]:
        return {
            "energy_import_t1_wh": 100_000 + 100 * k - (67 if k == 20 else 0),
            "energy_import_t2_wh": 50_000 + 7 * min(k, 19),
            "energy_export_t1_wh": 10_000 + min(k, 19),
        }

    batch = at_each([*hours, NEWEST], registers, lambda k: 5_000 + 20 * min(k, 19))
    async with history(tmp_path / "h", batch) as store, house(mosquitto, store) as here:
        await show(here, metered("5.380"))
        assert (await here.get("/getTableHours.json")).content == HOURS


async def test_the_week_names_its_days_in_dutch(mosquitto: Broker, tmp_path: Path) -> None:
    """Six days in kWh, today first, then what the dials showed at the end of the seventh."""
    midnights = [datetime(2026, 3, day, tzinfo=ZONE) for day in range(3, 11)]

    def registers(k: int) -> dict[str, int]:
        day = min(k, 7)
        return {
            "energy_import_t1_wh": 50_000 + 3_500 * day,
            "energy_import_t2_wh": 50_000 + 5_000 * day + (750 if k == 8 else 0),
            "energy_export_t2_wh": 1_001 * day,
        }

    batch = at_each([*midnights, NEWEST], registers, lambda k: 10_000 + 1_500 * min(k, 7) + (250 if k == 8 else 0))
    async with history(tmp_path / "h", batch) as store, house(mosquitto, store) as here:
        await show(here, metered("20.750"))
        assert (await here.get("/getTableWeek.json")).content == WEEK


async def test_months_stand_beside_those_of_the_year_before(mosquitto: Broker, tmp_path: Path) -> None:
    """Eleven months with their usage and the twelfth with its dials; the keys of the last row are not repeated."""
    months = [datetime(2024 + (2 + i) // 12, (2 + i) % 12 + 1, 1, tzinfo=ZONE) for i in range(25)]

    def registers(i: int) -> dict[str, int]:
        used = sum(100 + j for j in range(min(i, 24)))
        return {"energy_import_t1_wh": 1_000_000 + 1000 * used + (7_500 if i == 25 else 0)}

    async with (
        history(tmp_path / "h", at_each([*months, NEWEST], registers)) as store,
        house(mosquitto, store) as here,
    ):
        await show(here, metered("0"))
        rows = [
            MONTH.format(name, one, used, other, used_before, one, "0.000", other, "0.000", one, "0.00", other, "0.00")
            for name, one, used, other, used_before in MONTHS
        ]
        assert (await here.get("/getTableMonths.json")).content == f"[{','.join(rows)}]".encode()


@pytest.mark.parametrize("start", [datetime(2026, 3, 28, 18, 5, tzinfo=UTC), datetime(2026, 10, 24, 18, 5, tzinfo=UTC)])
async def test_a_simulated_houses_blocks_add_up_to_its_dial(mosquitto: Broker, tmp_path: Path, start: datetime) -> None:
    """The first dial and the blocks after it give the meter's register, also on days of 23 and 25 hours."""
    batch, newest = simulated(start, 25)
    async with history(tmp_path / "h", batch) as store, house(mosquitto, store) as here:
        await show(here, newest)
        *blocks, dial = (await here.get("/getTableHours.json")).json()
        shown = (await here.get("/getActual.json")).json()
        first = dial["Energy_Delivered"].removesuffix(" (kWh)")
        used = sum(int(block["Energy_Delivered"]) for block in blocks)
        assert len(blocks) == 7
        assert used > 0
        assert round(float(first) * 1000) + used == round(float(shown["Energy_Delivered"]) * 1000)


async def test_without_history_the_tables_are_empty(mosquitto: Broker, tmp_path: Path) -> None:
    """A meter that has just come has no rows yet."""
    async with history(tmp_path / "h", Batch()) as store, house(mosquitto, store) as here:
        await show(here, FULL)
        for name in ("Hours", "Week", "Months"):
            assert (await here.get(f"/getTable{name}.json")).content == b"[]"


async def test_before_the_first_reading_the_answer_is_to_come_back_later(mosquitto: Broker) -> None:
    """503 with Retry-After, since the original has nothing to say then either."""
    async with house(mosquitto) as here:
        answer = await here.get("/getActual.json")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert answer.json()["detail"] == "no gateway has sent anything yet"
