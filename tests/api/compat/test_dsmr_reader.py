"""DSMR-reader, version 2. Fields, order and forms are those of its serializers, values are of our own telegrams."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from meterkast_store import Batch, mbus_samples_of, sample_of

from tests.api.compat.meters import FULL, MINIMAL, NEWEST, ZONE, at_each, history, metered, show
from tests.api.houses import OWNER, House, house
from tests.brokers import Broker

READING = (
    b'{"count":1,"next":null,"previous":null,"results":[{"id":1795433696000,'
    b'"timestamp":"2026-11-23T12:34:56+01:00","electricity_delivered_1":"1234.567",'
    b'"electricity_returned_1":"345.600","electricity_delivered_2":"2345.678","electricity_returned_2":"789.012",'
    b'"electricity_currently_delivered":"1.234","electricity_currently_returned":"0.000",'
    b'"phase_currently_delivered_l1":"0.634","phase_currently_delivered_l2":"0.200",'
    b'"phase_currently_delivered_l3":"0.400","extra_device_timestamp":"2026-11-23T12:30:00+01:00",'
    b'"extra_device_delivered":"1234.567","phase_currently_returned_l1":"0.000",'
    b'"phase_currently_returned_l2":"0.000","phase_currently_returned_l3":"0.000","phase_voltage_l1":"229.8",'
    b'"phase_voltage_l2":"230.1","phase_voltage_l3":"231.0","phase_power_current_l1":3,'
    b'"phase_power_current_l2":1,"phase_power_current_l3":2}]}'
)
LIVE = (
    b'{"timestamp":"2026-11-23T12:34:56+01:00","currently_delivered":1234,"currently_returned":0,'
    b'"cost_per_hour":null,"tariff_name":"Normaaltarief"}'
)
MINIMAL_LIVE = (
    b'{"timestamp":"2026-11-23T12:35:00+01:00","currently_delivered":980,"currently_returned":0,'
    b'"cost_per_hour":null,"tariff_name":"Daltarief"}'
)
DAY = (
    b'{"id":739683,"day":"2026-03-08","electricity1":"1.000","electricity2":"0.000",'
    b'"electricity1_returned":"0.000","electricity2_returned":"0.101","electricity1_cost":"0.00",'
    b'"electricity2_cost":"0.00","gas":"1.000","gas_cost":"0.00","lowest_temperature":null,'
    b'"highest_temperature":null,"average_temperature":null,"fixed_cost":"0.00","total_cost":"0.00",'
    b'"electricity_reading_timestamp":"2026-03-08T00:00:00+01:00","electricity1_reading":"51.000",'
    b'"electricity2_reading":null,"electricity1_returned_reading":null,'
    b'"electricity2_returned_reading":"0.101","gas_reading_timestamp":"2026-03-08T00:00:00+01:00",'
    b'"gas_reading":"11.000"}'
)
HOUR = (
    b'{"id":492533,"hour_start":"2026-03-10T06:00:00+01:00","electricity1":"0.100","electricity2":"0.007",'
    b'"electricity1_returned":"0.000","electricity2_returned":"0.000","gas":"0.020"}'
)
TODAY = (
    '{{"day":"{}","electricity1":1.25,"electricity2":0.0,"electricity1_returned":0.0,"electricity2_returned":0.5,'
    '"electricity_merged":1.25,"electricity_returned_merged":0.5,"electricity1_cost":0.0,"electricity2_cost":0.0,'
    '"total_cost":0.0,"fixed_cost":0.0,"energy_supplier_price_electricity_delivered_1":0,'
    '"energy_supplier_price_electricity_delivered_2":0,"energy_supplier_price_electricity_returned_1":0,'
    '"energy_supplier_price_electricity_returned_2":0,"energy_supplier_price_gas":0,'
    '"energy_supplier_price_fixed_daily_cost":0,"gas":0.0,"gas_cost":0.0}}'
)
READINGS, DAYS, HOURS = (f"/api/v2/{path}" for path in ("datalogger/dsmrreading", "statistics/day", "statistics/hour"))
MINUTES = [datetime(2026, 3, 10, 6, minute, tzinfo=ZONE) for minute in range(30)]


async def test_a_reading_is_the_originals_byte_for_byte(mosquitto: Broker, tmp_path: Path) -> None:
    """Decimals are strings with the original's places, times have the home's offset, currents are whole."""
    batch = Batch([sample_of(FULL)], mbus_samples_of(FULL))
    async with history(tmp_path, batch) as store, house(mosquitto, store) as here:
        await show(here, FULL)
        answer = await here.get(READINGS)
        assert answer.content == READING
        assert answer.headers["content-type"] == "application/json"


async def test_what_is_live_is_the_originals_byte_for_byte(mosquitto: Broker) -> None:
    """Costs are null where no prices are set; the tariffs have the original's names."""
    async with house(mosquitto) as here:
        await show(here, FULL)
        assert (await here.get("/api/v2/consumption/electricity-live")).content == LIVE
        await here.publish("dsmr/home/reading", MINIMAL.to_json(), retain=True)
        await here.until(lambda: _is_live(here, MINIMAL_LIVE))


async def _is_live(here: House, expected: bytes) -> bool:
    return (await here.get("/api/v2/consumption/electricity-live")).content == expected


async def test_readings_come_by_pages_with_links(mosquitto: Broker, tmp_path: Path) -> None:
    """25 to a page unless a limit is given; the links carry the rest of the question."""
    batch = at_each(MINUTES, lambda k: {"energy_import_t1_wh": 1000 + k})
    async with history(tmp_path, batch) as store, house(mosquitto, store) as here:
        await show(here, metered("0"))
        first = (await here.get(READINGS)).json()
        assert (first["count"], len(first["results"]), first["previous"]) == (30, 25, None)
        assert first["next"] == f"{here.service.url}api/v2/datalogger/dsmrreading?limit=25&offset=25"
        rest = (await here.client.get(first["next"])).json()
        assert [one["electricity_delivered_1"] for one in rest["results"]] == [f"1.{25 + k:03}" for k in range(5)]
        assert rest["next"] is None
        assert rest["previous"] == f"{here.service.url}api/v2/datalogger/dsmrreading?limit=25"


async def test_readings_come_newest_first_and_of_a_span_where_asked(mosquitto: Broker, tmp_path: Path) -> None:
    """`ordering`, `timestamp__gte` and `timestamp__lte` (local where they have no offset) as with the original."""
    batch = at_each(MINUTES, lambda k: {"energy_import_t1_wh": 1000 + k})
    async with history(tmp_path, batch) as store, house(mosquitto, store) as here:
        await show(here, metered("0"))
        newest = (await here.get(READINGS, ordering="-timestamp", limit=1)).json()
        assert [one["timestamp"] for one in newest["results"]] == ["2026-03-10T06:29:00+01:00"]
        span = {"timestamp__gte": "2026-03-10 06:10:00", "timestamp__lte": "2026-03-10 06:12:00"}
        found = (await here.get(READINGS, **span, ordering="-timestamp", offset=1)).json()
        assert found["count"] == 3
        assert [one["timestamp"][11:16] for one in found["results"]] == ["06:11", "06:10"]
        wrong = await here.get(READINGS, timestamp__gte="soon")
        assert wrong.status_code == 422
        assert wrong.json()["errors"][0]["parameter"] == "timestamp__gte"


async def test_pages_of_many_days_hold_every_reading_once(mosquitto: Broker, tmp_path: Path) -> None:
    """Over a span that history counts by quarters, the pages together are all readings in order."""
    times = [datetime(2026, 3, 1, 0, 7, tzinfo=UTC) + timedelta(minutes=47 * k) for k in range(200)]
    batch = at_each(times, lambda k: {"energy_import_t1_wh": 1000 + k})
    async with history(tmp_path, batch) as store, house(mosquitto, store) as here:
        await show(here, metered("0", times[-1]))
        for ordering, step in (("timestamp", 1), ("-timestamp", -1)):
            seen: list[str] = []
            url: str | None = f"{READINGS}?limit=70&ordering={ordering}"
            while url is not None:
                page = (await here.client.get(url)).json()
                assert page["count"] == 200
                seen += [one["timestamp"] for one in page["results"]]
                url = page["next"]
            assert seen == [at.astimezone(ZONE).isoformat() for at in times][::step]


async def test_days_have_their_use_and_the_dials_at_their_beginning(mosquitto: Broker, tmp_path: Path) -> None:
    """Costs are 0.00 where no prices are set; what is not known is null."""
    midnights = [datetime(2026, 3, day, tzinfo=ZONE) for day in range(7, 11)]

    def registers(k: int) -> dict[str, int]:
        return {"energy_import_t1_wh": 50_000 + 1000 * min(k, 3), "energy_export_t2_wh": 101 * min(k, 3)}

    batch = at_each([*midnights, NEWEST], registers, lambda k: 10_000 + 1000 * min(k, 3))
    async with history(tmp_path, batch) as store, house(mosquitto, store) as here:
        await show(here, metered("13.000"))
        answer = await here.get(DAYS, day__gte="2026-03-08", limit=1)
        head, _, rest = answer.content.partition(b'"results":[')
        assert rest == DAY + b"]}"
        assert orjson.loads(head + b'"results":[]}')["count"] == 3
        assert [one["day"] for one in (await here.get(DAYS, ordering="-day")).json()["results"]] == [
            "2026-03-10",
            "2026-03-09",
            "2026-03-08",
            "2026-03-07",
        ]


CONTRACTS = {
    "contracts": [
        {
            "name": "Two tariffs",
            "from": "2026-03-08",
            "until": "2026-03-10",
            "prices": {
                "energy_import_t1_kwh": 0.3,
                "energy_export_kwh": 0.07,
                "gas_m3": 1.2,
            },
            "fixed": {"electricity": 3.1},
        },
        {
            "name": "Hourly",
            "from": "2026-03-10",
            "prices": {"gas_m3": 1.25},
            "fixed": {"gas": 6.2},
            "hourly": {"import_markup_kwh": 0.1, "export_markup_kwh": -0.02, "tax_percent": 20},
        },
    ]
}
COSTS = ("electricity1_cost", "electricity2_cost", "gas_cost", "fixed_cost", "total_cost")


async def _buy(here: House, start: datetime, prices: list[str]) -> None:
    """Hand in the contracts, and the market prices of hours from a time on."""
    assert (await here.client.put("/api/v1/contracts", json=CONTRACTS)).status_code == 200
    begin = start.astimezone(UTC)
    hours = [f"{(begin + timedelta(hours=n)).isoformat()},{price}" for n, price in enumerate(prices)]
    answer = await here.client.put(
        "/api/v1/prices", content="\n".join(["from,price", *hours]), headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 200


async def test_days_have_their_costs(mosquitto: Broker, tmp_path: Path) -> None:
    """Per tariff what was imported less what was paid back, by the contract of the day; 0.00 where there is none."""
    midnights = [datetime(2026, 3, day, tzinfo=ZONE) for day in range(7, 11)]
    tenth = [midnights[-1] + timedelta(hours=n) for n in range(1, 25)]

    def registers(k: int) -> dict[str, int]:
        later = max(0, k - 3)
        return {
            "energy_import_t1_wh": 50_000 + 1000 * min(k, 3) + 10 * later,
            "energy_import_t2_wh": 9_000 + 40 * later,
            "energy_export_t2_wh": 101 * min(k, 3),
        }

    batch = at_each([*midnights, *tenth], registers, lambda k: 10_000 + 1000 * min(k, 3))
    async with history(tmp_path, batch) as store, house(mosquitto, store, caller=OWNER) as here:
        await _buy(here, midnights[-1], ["0.1", "0.3"] * 12)
        await show(here, metered("13.000", tenth[-1]))
        days = (await here.get(DAYS, ordering="-day")).json()["results"]
        assert [(one["day"], *(one[name] for name in COSTS)) for one in reversed(days)] == [
            ("2026-03-07", "0.00", "0.00", "0.00", "0.00", "0.00"),
            ("2026-03-08", "0.30", "-0.01", "1.20", "0.10", "1.59"),
            ("2026-03-09", "0.30", "-0.01", "1.20", "0.10", "1.59"),
            ("2026-03-10", "0.09", "0.35", "0.00", "0.20", "0.63"),
        ]  # the tenth: 24 hours at (0.1 or 0.3 + 0.1) * 1.2


async def test_what_is_live_has_its_price(mosquitto: Broker, tmp_path: Path) -> None:
    """An hour at this power, the last hour's gas, and what is paid for a kilowatt-hour now."""
    now = datetime.now(ZONE)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    times = [midnight, max(now, midnight + timedelta(seconds=1))]
    batch = at_each(
        times, lambda k: {"energy_import_t2_wh": 2000 * k, "energy_export_t2_wh": 500 * k}, lambda k: 1000 + 300 * k
    )
    async with history(tmp_path, batch) as store, house(mosquitto, store, caller=OWNER) as here:
        await _buy(here, midnight, ["0.25"] * 26)
        await show(here, FULL)
        live = (await here.get("/api/v2/consumption/electricity-live")).json()
        assert live["cost_per_hour"] == "0.52"  # 1.234 kW * (0.25 + 0.1) * 1.2
        assert (await here.get("/api/v2/consumption/gas-live")).json()["cost_per_interval"] == "0.00"
        answer = (await here.get("/api/v2/consumption/today")).json()
        days = ((midnight.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day
        standing = round(6.2 / days, 2)
        assert [answer[name] for name in COSTS[:4]] == [0.0, round(2 * 0.42 - 0.5 * 0.276, 2), 0.38, standing]
        assert answer["total_cost"] == pytest.approx(2 * 0.42 - 0.5 * 0.276 + 0.3 * 1.25 + 6.2 / days, abs=0.005001)
        told = {name.removeprefix("energy_supplier_price_"): answer[name] for name in answer if "price" in name}
        assert told.pop("fixed_daily_cost") == pytest.approx(6.2 / days, abs=0.0000005)
        assert told == {
            "electricity_delivered_1": 0.42, "electricity_delivered_2": 0.42,
            "electricity_returned_1": 0.276, "electricity_returned_2": 0.276, "gas": 1.25,
        }  # fmt: skip


async def test_hours_have_their_use(mosquitto: Broker, tmp_path: Path) -> None:
    """An hour in which nothing was read is left out."""
    hours = [datetime(2026, 3, 10, hour, minute, tzinfo=ZONE) for hour in (6, 10) for minute in (0, 59)]

    def registers(k: int) -> dict[str, int]:
        return {"energy_import_t1_wh": 1000 + 100 * k, "energy_import_t2_wh": 500 + 7 * k}

    batch = at_each(hours, registers, lambda k: 5_000 + 20 * k)
    async with history(tmp_path, batch) as store, house(mosquitto, store) as here:
        await show(here, metered("5.060", hours[-1]))
        answer = await here.get(HOURS, hour_start__lte="2026-03-10 09:00:00")
        assert answer.content == b'{"count":1,"next":null,"previous":null,"results":[' + HOUR + b"]}"
        every = (await here.get(HOURS)).json()["results"]
        assert [one["hour_start"][11:16] for one in every] == ["06:00", "10:00"]


async def test_today_has_numbers_and_no_costs(mosquitto: Broker, tmp_path: Path) -> None:
    """Decimals are numbers there, as with the original; without gas its zeros come last."""
    now = datetime.now(ZONE)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)

    def registers(k: int) -> dict[str, int]:
        return {
            "energy_import_t1_wh": 1000 + 1250 * k,
            "energy_import_t2_wh": 2000,
            "energy_export_t1_wh": 0,
            "energy_export_t2_wh": 500 * k,
        }

    async with (
        history(tmp_path, at_each([midnight, max(now, midnight + timedelta(seconds=1))], registers)) as store,
        house(mosquitto, store) as here,
    ):
        await show(here, metered("0", now))
        assert (await here.get("/api/v2/consumption/today")).content == TODAY.format(midnight.date()).encode()


async def test_a_day_without_readings_is_said_in_the_originals_words(mosquitto: Broker, tmp_path: Path) -> None:
    """The answer is a sentence, as JSON."""
    async with history(tmp_path) as store, house(mosquitto, store) as here:
        await show(here, FULL)
        day = datetime.now(ZONE).date()
        answer = await here.get("/api/v2/consumption/today")
        assert answer.json() == f"No electricity readings found for: {day}"


@pytest.mark.parametrize(("version", "hour"), [("50", "11:00"), ("42", "10:00")])
async def test_gas_is_that_of_the_last_whole_hour(mosquitto: Broker, tmp_path: Path, version: str, hour: str) -> None:
    """Meters of DSMR 4 print the hour's end; the original shows its beginning."""
    hours = [datetime(2026, 3, 10, hour, tzinfo=ZONE) for hour in (9, 10, 11)]
    batch = at_each(hours, lambda k: {"energy_import_t1_wh": k}, lambda k: 5_000 + 120 * k)
    async with history(tmp_path, batch) as store, house(mosquitto, store) as here:
        await show(here, metered("5.240", hours[-1]).model_copy(update={"version": version}))
        expected = f'{{"timestamp":"2026-03-10T{hour}:00+01:00","currently_delivered":0.12}}'
        assert (await here.get("/api/v2/consumption/gas-live")).content == expected.encode()


async def test_without_a_gas_meter_there_is_no_gas(mosquitto: Broker) -> None:
    """The object is empty, as with the original."""
    async with house(mosquitto) as here:
        await show(here, FULL.model_copy(update={"mbus": ()}))
        assert (await here.get("/api/v2/consumption/gas-live")).content == b"{}"


async def test_questions_that_make_no_sense_are_answered(mosquitto: Broker, tmp_path: Path) -> None:
    """A limit or order that is none is as if it were absent, and a span without anything is an empty page."""
    batch = at_each(MINUTES[:3], lambda k: {"energy_import_t1_wh": 1000 + k})
    async with history(tmp_path, batch) as store, house(mosquitto, store) as here:
        await show(here, metered("0"))
        for path, field in ((READINGS, "timestamp"), (DAYS, "day"), (HOURS, "hour_start")):
            for query in ("limit=0", "limit=-1&offset=x", f"limit={10**20}", "ordering=id", "limit=²"):
                answer = await here.client.get(f"{path}?{query}")
                assert [field in one for one in answer.json()["results"]], answer.text
            for query in ("offset=999999999", f"{field}__gte=2090-01-01", f"{field}__lte=1980-01-01"):
                answer = await here.client.get(f"{path}?{query}")
                assert answer.json()["results"] == [], answer.text
