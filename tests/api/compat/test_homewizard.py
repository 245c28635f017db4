"""The HomeWizard P1 meter: names of its documentation, values of our own telegrams, and HomeWizard's own client."""

import pytest
from homewizard_energy import HomeWizardEnergy
from homewizard_energy.errors import UnsupportedError
from meterkast_contracts.messages import DeviceInfo, MbusKind, MbusReading

from tests.api.compat.meters import FLEMISH, FULL, MINIMAL, show
from tests.api.houses import NOON, TOPICS, house
from tests.brokers import Broker
from tests.parser.telegrams import DSMR_5

DATA = (
    b'{"wifi_ssid":"","wifi_strength":96,"smr_version":50,"meter_model":"MKT5\\\\2SYNTHETIC",'
    b'"unique_id":"4D4B543030303030303030303031","active_tariff":2,"total_power_import_kwh":3580.245,'
    b'"total_power_import_t1_kwh":1234.567,"total_power_import_t2_kwh":2345.678,'
    b'"total_power_export_kwh":1134.612,"total_power_export_t1_kwh":345.6,"total_power_export_t2_kwh":789.012,'
    b'"active_power_w":1234,"active_power_l1_w":634,"active_power_l2_w":200,"active_power_l3_w":400,'
    b'"active_voltage_l1_v":229.8,"active_voltage_l2_v":230.1,"active_voltage_l3_v":231,'
    b'"active_current_l1_a":3,"active_current_l2_a":1,"active_current_l3_a":2,"voltage_sag_l1_count":2,'
    b'"voltage_sag_l2_count":1,"voltage_sag_l3_count":0,"voltage_swell_l1_count":0,"voltage_swell_l2_count":3,'
    b'"voltage_swell_l3_count":0,"any_power_fail_count":7,"long_power_fail_count":3,"total_gas_m3":1234.567,'
    b'"gas_timestamp":261123123000,"gas_unique_id":"4D4B5447303030303030303031",'
    b'"external":[{"unique_id":"4D4B5447303030303030303031","type":"gas_meter","timestamp":261123123000,'
    b'"value":1234.567,"unit":"m3"}]}'
)
MINIMAL_DATA = (
    b'{"wifi_ssid":"","meter_model":"MKT3\\\\2OLD","unique_id":"4D4B543030303030303030303032","active_tariff":1,'
    b'"total_power_import_kwh":269,"total_power_import_t1_kwh":185,"total_power_import_t2_kwh":84,'
    b'"active_power_w":980,"total_gas_m3":124.477,"gas_timestamp":261123120000,'
    b'"gas_unique_id":"4D4B5447303030303030303032",'
    b'"external":[{"unique_id":"4D4B5447303030303030303032","type":"gas_meter","timestamp":261123120000,'
    b'"value":124.477,"unit":"m3"}]}'
)
DEVICE = DeviceInfo(gateway="home", source="esp01", version="1", started_at=NOON, signal_dbm=-52, uptime_s=1)


async def test_data_are_the_originals_byte_for_byte(mosquitto: Broker) -> None:
    """Names, misspellings and all; the radio's strength in per cent."""
    async with house(mosquitto) as here:
        await here.publish(TOPICS.device("home"), DEVICE.to_json(), retain=True)
        await here.until_found("/api/v1/meters/home/device")
        await show(here, FULL)
        answer = await here.get("/api/v1/data")
        assert answer.content == DATA
        assert answer.headers["content-type"] == "application/json"


async def test_what_an_old_meter_lacks_is_absent(mosquitto: Broker) -> None:
    """A DSMR 2.2 meter has no version, no phases and no counts."""
    async with house(mosquitto) as here:
        await show(here, MINIMAL)
        assert (await here.get("/api/v1/data")).content == MINIMAL_DATA


async def test_power_to_the_grid_is_negative_and_so_is_its_current(mosquitto: Broker) -> None:
    """One number for both directions, as the original's example has it."""
    exporting = {"power_import_w": 0, "power_export_w": 543, "power_import_l1_w": 0, "power_export_l1_w": 676}
    async with house(mosquitto) as here:
        await show(here, FULL.model_copy(update={"values": {**FULL.values, **exporting}}))
        data = (await here.get("/api/v1/data")).json()
        assert data["active_power_w"] == -543
        assert data["active_power_l1_w"] == -676
        assert data["active_current_l1_a"] == -3
        assert data["active_current_l2_a"] == 1


async def test_a_flemish_meters_peak_and_water_are_there(mosquitto: Broker) -> None:
    """The month's peak under its misspelt names, and every M-Bus meter that has answered."""
    silent = MbusReading(channel=3, kind=MbusKind.HEAT)
    async with house(mosquitto) as here:
        await show(here, FLEMISH.model_copy(update={"mbus": (*FLEMISH.mbus, silent)}))
        data = (await here.get("/api/v1/data")).json()
        assert data["active_power_average_w"] == 2351
        assert data["montly_power_peak_w"] == 2589
        assert data["montly_power_peak_timestamp"] == 261109134500
        assert [(one["type"], one["value"]) for one in data["external"]] == [
            ("gas_meter", 112.384),
            ("water_meter", 872.234),
        ]


async def test_homewizards_own_client_reads_us(mosquitto: Broker) -> None:
    """`python-homewizard-energy`, by which Home Assistant reads a P1 meter, finds device, data and system."""
    async with house(mosquitto) as here, HomeWizardEnergy(f"127.0.0.1:{here.service.port}") as client:
        await show(here, FULL)
        device = await client.device()
        assert (device.product_type, device.api_version, len(device.serial or "")) == ("HWE-P1", "v1", 12)
        data = await client.data()
        assert data.unique_meter_id == "MKT00000000001"
        assert data.smr_version == 50
        assert data.total_energy_import_kwh == 3580.245
        assert data.active_power_l1_w == 634
        assert data.active_voltage_l3_v == 231
        assert data.total_gas_m3 == 1234.567
        assert data.gas_timestamp is not None
        assert data.gas_timestamp.isoformat() == "2026-11-23T12:30:00"
        assert data.external_devices is not None
        assert list(data.external_devices) == ["gas_meter_MKTG000000001"]
        system = await client.system()
        assert system is not None
        assert system.cloud_enabled is False
        with pytest.raises(UnsupportedError):
            await client.state()


async def test_the_serial_number_stays_after_a_restart(mosquitto: Broker) -> None:
    """Programs know the meter again by it; a gateway's own path has its own."""
    async with house(mosquitto) as before:
        first = (await before.get("/api")).json()
        await before.send_reading(gateway="shed")
        await before.until_found("/compat/shed/api")
    async with house(mosquitto) as here:
        assert (await here.get("/api")).json() == first
        other = (await here.until_found("/compat/shed/api")).json()
        assert other["serial"] != first["serial"]
        assert other == {**first, "serial": other["serial"]}


async def test_the_telegram_comes_untouched(mosquitto: Broker) -> None:
    """Line ends and check sum are the meter's."""
    async with house(mosquitto) as here:
        await here.publish(TOPICS.telegram("home"), DSMR_5)
        answer = await here.until_found("/api/v1/telegram")
        assert answer.content == DSMR_5
        assert answer.headers["content-type"] == "text/plain; charset=iso-8859-1"
