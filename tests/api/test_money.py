"""Preferences, contracts, prices and costs over HTTP, a real broker and a real history."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from meterkast_api.access.scopes import Caller, Scope
from meterkast_reader.simulator import Meter
from meterkast_store import Batch, HistoryStore, MbusSample, Sample, StoreSettings, open_store

from tests.api.houses import OWNER, House, house
from tests.brokers import Broker

GUEST = Caller("guest", frozenset({Scope.READ}))
CONTRACTS: dict[str, Any] = {
    "currency": "EUR",
    "contracts": [
        {
            "name": "Flat",
            "from": "2026-01-01",
            "prices": {"energy_import_t1_kwh": 0.2712, "energy_import_t2_kwh": 0.295, "energy_export_kwh": 0.07},
            "fixed": {"electricity": 7.25, "other": -1.05},
        },
        {"name": "Hourly", "from": "2026-03-29", "prices": {"gas_m3": 1.21}, "hourly": {"tax_percent": 21}},
    ],
}
START = datetime(2026, 3, 26, 23, tzinfo=UTC)
DAYS = 4


def _samples() -> Iterator[Sample]:
    """Four days of a simulated house, a reading each quarter; the last day by another meter."""
    meter = Meter("nl-dsmr5", 3, starts=START)
    for number in range(DAYS * 96 + 1):
        at = START + number * timedelta(minutes=15)
        registers = meter.registers(int(at.timestamp()))
        yield Sample(
            gateway="home",
            meter="E1" if number < 300 else "E2",
            measured_at=at,
            registers={
                "energy_import_t1_wh": registers.import_t1 // 3600,
                "energy_import_t2_wh": registers.import_t2 // 3600,
                "energy_export_t1_wh": registers.export_t1 // 3600,
                "energy_export_t2_wh": registers.export_t2 // 3600,
            },
        )


@pytest.fixture
async def simulated(tmp_path: Path) -> HistoryStore:
    """Give the history of a simulated house around the short day of March, with 10 litres of gas an hour."""
    gas = [
        MbusSample("home", "gas", "G1", START + timedelta(hours=n), "gas_l", 5000 + 10 * n)
        for n in range(DAYS * 24 + 1)
    ]
    async with open_store(StoreSettings(), tmp_path) as store:
        await store.write(Batch(samples=list(_samples()), mbus=gas))
    return open_store(StoreSettings(), tmp_path)


async def _put(here: House, path: str, body: Any, **headers: str) -> Any:
    if not isinstance(body, str):
        return await here.client.put(path, json=body, headers=headers)
    return await here.client.put(path, content=body, headers={"Content-Type": "text/csv", **headers})


def _csv(days: int = DAYS) -> str:
    """Ten cents in every even hour, twenty in every odd one."""
    lines = [f"{START + timedelta(hours=n):%Y-%m-%dT%H:%MZ},{0.1 + n % 2 / 10:.2f}" for n in range(days * 24)]
    return "\n".join(["from,price_kwh", *lines])


async def test_contracts_are_put_as_a_whole_and_read_back(mosquitto: Broker) -> None:
    """What is read is what was put, exact, and it is there after a start."""
    async with house(mosquitto, caller=OWNER) as here:
        assert (await here.get("/api/v1/contracts")).json() == {"currency": "EUR", "contracts": []}
        answer = await _put(here, "/api/v1/contracts", CONTRACTS)
        assert answer.status_code == 200, answer.text
        assert b'"energy_import_t1_kwh":0.2712' in answer.content
    async with house(mosquitto, caller=OWNER) as here:
        again = await here.get("/api/v1/contracts")
        assert again.content == answer.content
        assert again.headers["ETag"] == answer.headers["ETag"]
        put_back = await _put(here, "/api/v1/contracts", again.json())
        assert put_back.content == again.content


async def test_two_editors_do_not_overwrite_each_other(mosquitto: Broker) -> None:
    """Who puts with the ETag of what has been changed since gets a 412, and the new ETag."""
    async with house(mosquitto, caller=OWNER) as here:
        for path, first, second in (
            ("/api/v1/contracts", CONTRACTS, {"currency": "SEK", "contracts": []}),
            ("/api/v1/preferences", {"language": "nl"}, {"language": "en"}),
        ):
            tag = (await here.get(path)).headers["ETag"]
            changed = await _put(here, path, first, **{"If-Match": tag})
            assert changed.status_code == 200
            refused = await _put(here, path, second, **{"If-Match": tag})
            assert refused.status_code == 412
            assert refused.json()["type"] == "urn:meterkast:problem:changed-meanwhile"
            assert (await here.get(path)).content == changed.content
            assert (await _put(here, path, second, **{"If-Match": refused.headers["ETag"]})).status_code == 200
            tag = (await here.get(path)).headers["ETag"]
            at_once = [_put(here, path, first, **{"If-Match": tag}) for _ in range(2)]
            assert sorted(answer.status_code for answer in await asyncio.gather(*at_once)) == [200, 412]


@pytest.mark.parametrize(
    ("caller", "status"), [(GUEST, 403), (Caller("anyone", frozenset(), known=False), 401)], ids=["known", "unknown"]
)
async def test_only_who_may_control_changes_anything(mosquitto: Broker, caller: Caller, status: int) -> None:
    """Somebody with read alone gets a 403, somebody unknown a 401; nothing has changed."""
    async with house(mosquitto, caller=caller) as here:
        for path, body in (("contracts", {}), ("preferences", {}), ("prices", _csv(1))):
            before = (await here.get(f"/api/v1/{path}")).content
            assert (await _put(here, f"/api/v1/{path}", body)).status_code == status
            assert (await here.get(f"/api/v1/{path}")).content == before


async def test_a_mistake_in_a_contract_is_told_in_a_sentence(mosquitto: Broker) -> None:
    """It names where it stands, and nothing is put."""
    wrong = {"contracts": [{"name": "A", "from": "2026-01-01", "prices": {"energy_import_kw": 0.3}}]}
    async with house(mosquitto, caller=OWNER) as here:
        answer = await _put(here, "/api/v1/contracts", wrong)
        assert answer.status_code == 422
        detail = "there is no price 'energy_import_kw': did you mean energy_import_kwh?"
        assert answer.json()["errors"] == [{"parameter": "contracts.0.prices", "detail": detail}]
        assert (await here.get("/api/v1/contracts")).json()["contracts"] == []


async def test_the_time_zone_that_people_prefer_is_that_of_every_answer(
    mosquitto: Broker, simulated: HistoryStore
) -> None:
    """It takes the place of the setting's at once, and goes back to it when left out."""
    async with house(mosquitto, simulated, caller=OWNER) as here:
        path, usage = "/api/v1/preferences", "/api/v1/meters/home/usage"
        assert (await here.get(path)).json() == {"timezone": "Europe/Amsterdam"}
        answer = await _put(here, path, {"language": "en", "theme": "dark", "timezone": "Europe/Lisbon"})
        assert answer.json() == {"language": "en", "theme": "dark", "timezone": "Europe/Lisbon"}
        table = (await here.get(usage, per="day", **{"from": "2026-03-28", "to": "2026-03-29"})).json()
        assert (table["timezone"], table["from"]) == ("Europe/Lisbon", "2026-03-28T00:00:00+00:00")
        assert (await _put(here, path, {})).json() == {"timezone": "Europe/Amsterdam"}
        wrong = await _put(here, path, {"timezone": "Europe/Atlantis"})
        assert wrong.status_code == 422
        assert "use a name such as Europe/Amsterdam" in wrong.json()["detail"]


async def test_prices_come_as_a_file(mosquitto: Broker) -> None:
    """A dry run says what would happen; a bad line leaves all as it was, and is told; what was put is read back."""
    span = {"from": "2026-03-27", "to": "2026-03-28"}
    async with house(mosquitto, caller=OWNER) as here:
        wanted = {
            "rows": 24,
            "new": 24,
            "changed": 0,
            "from": "2026-03-27T00:00:00+01:00",
            "to": "2026-03-27T23:00:00+01:00",
        }
        assert (await _put(here, "/api/v1/prices?dry_run=true", _csv(1))).json() == wanted
        bad = await _put(here, "/api/v1/prices", _csv(1) + "\nsoon,1")
        assert bad.status_code == 422
        assert [error["line"] for error in bad.json()["errors"]] == [26]
        assert (await here.get("/api/v1/prices", **span)).json() == {"prices": []}
        assert (await _put(here, "/api/v1/prices", _csv(1))).json() == wanted
        assert (await _put(here, "/api/v1/prices", _csv(1))).json() == {**wanted, "new": 0}
        found = (await here.get("/api/v1/prices", **span)).json()["prices"]
        assert len(found) == 24
        assert found[1] == {"from": "2026-03-27T01:00:00+01:00", "price_kwh": 0.2}
        assert (await here.client.put("/api/v1/prices", json={})).status_code == 415
        assert (await here.get("/api/v1/prices", **{"from": "2020-01-01"})).status_code == 422


async def test_prices_come_by_mqtt(mosquitto: Broker) -> None:
    """One price or a list on the topic that is set; a message that makes no sense changes nothing."""
    async with house(mosquitto, price_topic="energy/prices") as here:
        await here.publish("energy/prices", b"soon")
        await here.publish("energy/prices", orjson.dumps({"from": "2026-03-27T00:00Z", "price_kwh": 0.1}))
        await here.publish("energy/prices", orjson.dumps([{"from": "2026-03-27T01:00Z", "price_kwh": -0.00123}]))

        async def found() -> bool:
            return len(await _prices(here)) == 2

        await here.until(found)
        assert [price["price_kwh"] for price in await _prices(here)] == [0.1, -0.00123]
        metrics = (await here.get("/metrics")).text
        assert 'meterkast_api_ignored_messages_total{kind="prices"} 1.0' in metrics


async def _prices(here: House) -> list[dict[str, Any]]:
    answer = (await here.get("/api/v1/prices", **{"from": "2026-03-27", "to": "2026-03-28"})).json()
    prices: list[dict[str, Any]] = answer["prices"]
    return prices


async def test_what_usage_cost(mosquitto: Broker, simulated: HistoryStore) -> None:
    """Every row and the whole, by the contract of each day and the price of each hour, as computed from the rows."""
    span = {"from": "2026-03-28", "to": "2026-03-31"}
    async with house(mosquitto, simulated, caller=OWNER) as here:
        await _put(here, "/api/v1/contracts", CONTRACTS)
        await _put(here, "/api/v1/prices", _csv())
        days = (await here.get("/api/v1/meters/home/usage", per="day", cost="true", **span)).json()
        hours = (await here.get("/api/v1/meters/home/usage", per="hour", cost="true", **span)).json()
    flat, hourly = days["rows"][0], days["rows"][1]
    assert flat["energy_import_t1_kwh"] + flat["energy_import_t2_kwh"] > 1
    by_tariff = flat.get("energy_import_t1_kwh") * 0.2712 + flat.get("energy_import_t2_kwh") * 0.295
    assert flat["cost"]["electricity_import"] == pytest.approx(by_tariff, abs=0.00005)
    assert flat["cost"]["electricity_export"] == pytest.approx(-flat["energy_export_kwh"] * 0.07, abs=0.00005)
    assert flat["cost"]["fixed"] == 0.2  # (7.25 - 1.05) / 31 days
    assert "gas" not in flat["cost"]
    of_day = [row for row in hours["rows"] if row["from"].startswith("2026-03-29")]
    assert len(of_day) == 23
    prices = [0.1 if datetime.fromisoformat(row["from"]).astimezone(UTC).hour % 2 else 0.2 for row in of_day]
    at_the_hour = sum(row["energy_import_kwh"] * price * 1.21 for row, price in zip(of_day, prices, strict=True))
    assert hourly["cost"]["electricity_import"] == pytest.approx(at_the_hour, abs=0.00005)
    assert hourly["cost"]["gas"] == pytest.approx(hourly["gas_m3"] * 1.21, abs=0.00005)
    assert "fixed" not in hourly["cost"]
    assert days["cost"] == hours["cost"]
    assert days["currency"] == "EUR"
    assert [(one["what"], one["why"]) for one in days["cost_missing"]] == [
        ("gas_m3", "contract 'Flat' has no price for gas_m3")
    ]
    for table in (days, hours):
        for charge in (table["cost"], *(row["cost"] for row in table["rows"])):
            parts = sum(amount for kind, amount in charge.items() if kind != "total")
            assert charge["total"] == pytest.approx(parts, abs=0.00025)


async def test_usage_beside_that_of_another_time(mosquitto: Broker, simulated: HistoryStore) -> None:
    """The rows of the time before pair by their number, empty ones before history begins."""
    path = "/api/v1/meters/home/usage"
    async with house(mosquitto, simulated, caller=OWNER) as here:
        await _put(here, "/api/v1/contracts", CONTRACTS)
        span = {"from": "2026-03-29", "to": "2026-03-31"}
        answer = (await here.get(path, per="day", cost="true", compare="previous", **span)).json()
        compared = answer["compared"]
        assert (compared["from"], compared["to"]) == ("2026-03-27T00:00:00+01:00", "2026-03-29T00:00:00+01:00")
        before = (await here.get(path, per="day", cost="true", **{"from": "2026-03-27", "to": "2026-03-29"})).json()
        assert {name: compared[name] for name in ("rows", "holes", "total", "cost")} == {
            name: before[name] for name in ("rows", "holes", "total", "cost")
        }
        month = {"from": "2026-03-28", "to": "2026-04-01"}
        padded = (await here.get(path, per="day", cost="true", compare="previous", **month)).json()["compared"]
        assert len(padded["rows"]) == 4
        assert padded["rows"][0] == {
            "from": "2026-03-24T00:00:00+01:00",
            "to": "2026-03-25T00:00:00+01:00",
            "complete": True,
            "hole": True,
            "cost": {},
        }
        assert padded["rows"][3]["cost"]["fixed"] == 0.2
        year = (await here.get(path, per="day", compare="year", **span)).json()["compared"]
        assert (year["from"], year["rows"]) == ("2025-03-29T00:00:00+01:00", [])
        assert "cost" not in year


async def test_a_change_of_the_meter_is_told(mosquitto: Broker, simulated: HistoryStore) -> None:
    """Where another meter's registers begin; the first meter of each kind is no change."""
    path = "/api/v1/meters/home/usage"
    async with house(mosquitto, simulated) as here:
        at = (START + 300 * timedelta(minutes=15)).isoformat()
        all_days = (await here.get(path, per="day", **{"from": "2026-03-01", "to": "2026-04-01"})).json()
        assert [(change["kind"], change["meter_id"]) for change in all_days["changes"]] == [("electricity", "E2")]
        assert datetime.fromisoformat(all_days["changes"][0]["at"]) == datetime.fromisoformat(at)
        first = (await here.get(path, per="day", **{"from": "2026-03-27", "to": "2026-03-29"})).json()
        assert first["changes"] == []
