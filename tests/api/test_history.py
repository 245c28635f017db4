"""Usage, curves and events over a real SQLite history."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from meterkast_contracts.messages import Event, EventKind
from meterkast_store import Batch, HistoryStore, MbusSample, Sample, StoreSettings, open_store
from meterkast_store.errors import StoreUnavailableError

from tests.api.houses import House, ScriptedStore, house
from tests.brokers import Broker

DAY = datetime(2026, 3, 28, 23, tzinfo=UTC)
"""Local midnight before the shortest day of the year: 23 hours."""

MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("usage", {"per": "fortnight"}, "per: Input should be 'quarter', 'hour', 'day', 'week', 'month' or 'year'"),
    ("usage", {"from": "soon"}, "from: 'soon' is no point in time"),
    ("usage", {"from": "today", "to": "yesterday"}, "is not after from"),
    ("usage", {"per": "days"}, "or 'year': did you mean day?"),
    ("usage", {"form": "today"}, "form: there is no such parameter: did you mean from?"),
    ("usage", {"xyz": "1"}, "xyz: there is no such parameter; there are from, to, per"),
    ("usage", {"per": "quarter", "from": "2020-01-01"}, "rows, 10000 are allowed"),
    ("power", {"points": 2001}, "points: Input should be less than or equal to 2000"),
    ("power", {"points": "many"}, "points: Input should be a valid integer"),
    ("power", {"fields": "power_import"}, "history keeps no gauge 'power_import'; it keeps power_import_w"),
    ("power", {"fields": "energy_import_kwh"}, "history keeps no gauge"),
    ("power", {"fields": ","}, "fields: name 1 to 16 gauges"),
    ("events", {"limit": 0}, "limit: Input should be greater than or equal to 1"),
]


def _samples(start: datetime, end: datetime, *, from_wh: int = 1000) -> list[Sample]:
    """A reading each minute that uses 1 Wh."""
    count = (end - start) // timedelta(minutes=1)
    return [
        Sample(
            gateway="home",
            meter="E1",
            measured_at=start + timedelta(minutes=number),
            registers={"energy_import_t1_wh": from_wh + number},
            gauges={"power_import_w": 60 + number % 3, "voltage_l1_v": 230.1},
        )
        for number in range(count + 1)
    ]


@pytest.fixture
async def filled(tmp_path: Path) -> HistoryStore:
    """Give a history of one short day, with gas, a hole from 10:00 to 12:10 UTC, and an event."""
    store = open_store(StoreSettings(), tmp_path)
    hole = DAY.replace(day=29, hour=10)
    samples = _samples(DAY, hole) + _samples(
        hole + timedelta(minutes=130), DAY + timedelta(hours=23, minutes=10), from_wh=2000
    )
    gas = [MbusSample("home", "gas", "G1", DAY + timedelta(hours=hour), "gas_l", 1000 + hour) for hour in range(12)]
    event = Event(gateway="home", kind=EventKind.GAP, at=hole, text="Nothing was received for 130 minutes.")
    async with store:
        await store.write(Batch(samples=samples, mbus=gas, events=[event]))
    return open_store(StoreSettings(), tmp_path)


async def test_usage_is_exact_and_adds_up(mosquitto: Broker, filled: HistoryStore) -> None:
    """Hours are of the local day, decimals are exact, the total is that of rows and holes."""
    async with house(mosquitto, filled) as here:
        answer = await here.get("/api/v1/meters/home/usage", per="hour", **{"from": "2026-03-29", "to": "2026-03-30"})
        usage = answer.json()
        assert [usage[name] for name in ("gateway", "per", "timezone", "from", "to")] == [
            "home",
            "hour",
            "Europe/Amsterdam",
            "2026-03-29T00:00:00+01:00",
            "2026-03-30T00:00:00+02:00",
        ]
        assert len(usage["rows"]) == 23
        first = usage["rows"][0]
        assert (first["from"], first["to"]) == ("2026-03-29T00:00:00+01:00", "2026-03-29T01:00:00+01:00")
        assert first["complete"]
        assert not first["hole"]
        assert b'"energy_import_t1_kwh":0.060' in answer.content
        assert first["gas_m3"] == 0.001
        assert [row["hole"] for row in usage["rows"]].count(True) == 3
        assert [(hole["from"], hole["to"]) for hole in usage["holes"]] == [
            ("2026-03-29T12:00:00+02:00", "2026-03-29T14:10:00+02:00")
        ]
        parts = [part.get("energy_import_kwh", 0) for part in (*usage["rows"], *usage["holes"])]
        assert round(sum(parts), 3) == usage["total"]["energy_import_kwh"]


async def test_a_day_and_its_hours_have_the_same_total(mosquitto: Broker, filled: HistoryStore) -> None:
    """The day's row is the sum of its hours and holes, to the last watt-hour."""
    async with house(mosquitto, filled) as here:
        span = {"from": "2026-03-29", "to": "2026-03-30"}
        hours = (await here.get("/api/v1/meters/home/usage", per="hour", **span)).json()
        days = (await here.get("/api/v1/meters/home/usage", per="day", **span)).json()
        assert len(days["rows"]) == 1
        assert days["total"] == hours["total"]


async def test_a_curve_has_nulls_where_nothing_was_measured(mosquitto: Broker, filled: HistoryStore) -> None:
    """Times and values are equally long lists; a bin in a hole is null."""
    async with house(mosquitto, filled) as here:
        answer = await here.get(
            "/api/v1/meters/home/power",
            points=100,
            fields="power_import_w,voltage_l1_v",
            **{"from": "2026-03-29T09:00Z", "to": "2026-03-29T13:00Z"},
        )
        curve = answer.json()
        power = curve["fields"]["power_import_w"]
        assert 2 <= len(curve["times"]) <= 100
        assert {len(values) for field in curve["fields"].values() for values in field.values()} == {len(curve["times"])}
        assert curve["times"][1] - curve["times"][0] == curve["step_s"]
        at = dict(zip(curve["times"], power["max"], strict=True))
        hole = [
            value for time, value in at.items() if DAY.timestamp() + 11.2 * 3600 < time < DAY.timestamp() + 13 * 3600
        ]
        assert hole
        assert set(hole) == {None}
        assert power["min"][0] == 60
        assert power["max"][0] == 62
        assert curve["fields"]["voltage_l1_v"]["mean"][0] == 230.1


async def test_events_come_newest_first(mosquitto: Broker, filled: HistoryStore) -> None:
    """Events are those of the contract."""
    async with house(mosquitto, filled) as here:
        answer = await here.get("/api/v1/meters/home/events", **{"from": "2026-03-01", "to": "2026-04-01"})
        assert [event["text"] for event in answer.json()["events"]] == ["Nothing was received for 130 minutes."]


async def test_without_a_span_each_question_has_its_usual_one(mosquitto: Broker) -> None:
    """Usage asks for the present period, curves for a day, events for thirty days."""
    store = ScriptedStore()
    async with house(mosquitto, store) as here:
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        for question in ("usage", "power", "events"):
            assert (await here.get(f"/api/v1/meters/home/{question}")).status_code == 200
    usage, power, events = (asked for asked in store.asked if asked[0] in ("usage", "power", "events"))
    assert usage[3] - usage[2] in [timedelta(hours=hours) for hours in (23, 24, 25)]
    assert usage[4] == "hour"
    assert power[3] - power[2] == timedelta(hours=24)
    assert power[4:] == (600, ("power_import_w", "power_export_w"))
    assert timedelta(days=29) < events[3] - events[2] < timedelta(days=31)


async def test_a_mistake_in_a_question_is_named(mosquitto: Broker) -> None:
    """Each mistake is a problem with the parameter's name and what would be right."""
    async with house(mosquitto) as here:
        for path, parameters, sentence in MISTAKES:
            answer = await here.get(f"/api/v1/meters/home/{path}", **parameters)
            assert answer.status_code == 422, parameters
            assert answer.headers["content-type"] == "application/problem+json"
            problem = answer.json()
            assert problem["type"] == "urn:meterkast:problem:invalid-request"
            assert sentence in problem["detail"]
            assert problem["errors"][0]["parameter"] in (*parameters, "from", "to")


async def test_history_that_is_away_is_a_503_with_a_hint(mosquitto: Broker) -> None:
    """The problem says what is wrong, what to do, and when to try again."""
    trouble = StoreUnavailableError("read", "history.sqlite", "the disk is full", hint="free some space")
    async with house(mosquitto, ScriptedStore(trouble=trouble)) as here:
        answer = await here.get("/api/v1/meters/home/usage")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        problem = answer.json()
        assert problem["type"] == "urn:meterkast:problem:history-unavailable"
        assert problem["detail"] == "history cannot be read now: the disk is full"
        assert problem["hint"] == "free some space"
        health = await here.get("/health")
        assert health.status_code == 503
        assert health.json()["checks"] == {"mqtt": "connected", "history": "unavailable"}
        assert "free some space" in health.json()["detail"]


async def test_the_api_serves_what_is_live_until_history_opens(mosquitto: Broker) -> None:
    """A history that cannot be opened is tried again; what is live does not wait for it."""
    store = ScriptedStore(opening_trouble=StoreUnavailableError("open", "it", "no such folder", hint="make the folder"))
    async with house(mosquitto, store, retry_s=0.05) as here:
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        assert (await here.get("/api/v1/meters/home/usage")).json()["hint"] == "make the folder"
        store.opening_trouble = None
        await here.until_found("/api/v1/meters/home/usage")
        assert (await here.get("/health")).status_code == 200


async def test_a_gateway_that_nobody_knows_is_a_404_that_names_those_there_are(mosquitto: Broker) -> None:
    """The nearest name is suggested, the known ones are listed."""
    async with house(mosquitto) as here:
        unknown = (await here.get("/api/v1/meters/home/actual")).json()
        assert unknown["detail"] == "no gateway is called 'home': no gateway has sent anything yet"
        await here.send_reading(gateway="home")
        await here.send_reading(gateway="esp01-dsmr-3f")
        await here.until_found("/api/v1/meters/esp01-dsmr-3f/actual")
        for path in ("actual", "telegram", "device", "usage", "power", "events"):
            answer = await here.get(f"/api/v1/meters/homer/{path}")
            assert answer.status_code == 404
            assert answer.json() == {
                "type": "urn:meterkast:problem:unknown-gateway",
                "title": "Not Found",
                "status": 404,
                "detail": "no gateway is called 'homer': did you mean home?",
                "instance": f"/api/v1/meters/homer/{path}",
                "known": ["esp01-dsmr-3f", "home"],
            }


async def test_a_large_answer_does_not_hold_up_the_stream(mosquitto: Broker, filled: HistoryStore) -> None:
    """Many questions at once are answered while the health is served."""
    async with house(mosquitto, filled) as here:
        span = {"from": "2026-03-01", "to": "2026-04-30", "per": "quarter"}
        answers = await asyncio.gather(*(_ask(here, span) for _ in range(20)))
        assert set(answers) == {200}


async def _ask(here: House, span: dict[str, str]) -> int:
    return (await here.get("/api/v1/meters/home/usage", **span)).status_code
