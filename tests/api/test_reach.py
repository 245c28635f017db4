"""How far history reaches, and where the dials stood."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from meterkast_contracts.messages import Event, EventKind
from meterkast_store import Batch
from meterkast_store.errors import StoreUnavailableError

from tests.api.compat.meters import at_each, history, metered, show
from tests.api.houses import TOPICS, ScriptedStore, house
from tests.brokers import Broker

NEWEST = datetime(2026, 3, 10, 12, 20, tzinfo=UTC)
FIRST = NEWEST - timedelta(days=3)
TIMES = [FIRST + timedelta(minutes=20) * index for index in range(3 * 72 + 1)]


async def test_it_tells_how_far_history_reaches(mosquitto: Broker, tmp_path: Path) -> None:
    """First and last reading of each meter, the samples that are kept, and when something happened last."""
    batch = at_each(TIMES, lambda index: {"energy_import_t1_wh": 1000 + index}, lambda index: 5000 + index)
    event = Event(gateway="home", kind=EventKind.MESSAGE, at=FIRST + timedelta(hours=5), text="hello")
    async with history(tmp_path, batch, Batch(events=[event])) as store, house(mosquitto, store) as here:
        reach = (await here.get("/api/v1/meters/home/history")).json()
        span = {"from": "2026-03-07T12:20:00Z", "to": "2026-03-10T12:20:00Z"}
        assert reach == {
            "gateway": "home",
            "timezone": "Europe/Amsterdam",
            **span,
            "samples": span,
            "event_at": "2026-03-07T17:20:00Z",
            "meters": [
                {"meter_id": "E1", "kind": "electricity", **span},
                {"meter_id": "G1", "kind": "gas", **span},
            ],
        }


async def test_what_has_come_is_told_with_its_time(mosquitto: Broker) -> None:
    """A gateway without history has the time of its newest reading and telegram, and no span."""
    async with house(mosquitto) as here:
        await show(here, metered("1.5", NEWEST))
        await here.publish(TOPICS.telegram("home"), b"/X\r\n!0000\r\n")
        await here.until_found("/api/v1/meters/home/telegram")
        reach = (await here.get("/api/v1/meters/home/history")).json()
        assert "telegram_at" in reach
        assert "from" not in reach
        assert reach["meters"] == []


@pytest.mark.parametrize(("per", "count", "rows"), [("hour", 49, 49), ("day", 15, 4), ("month", 25, 1)])
async def test_dials_differ_by_what_was_used(
    mosquitto: Broker, tmp_path: Path, per: str, count: int, rows: int
) -> None:
    """From row to row a dial moves by exactly the usage of the row, and the last is what it shows now."""
    batch = at_each(TIMES, lambda index: {"energy_import_t1_wh": 10 + 3 * index}, lambda index: 100 + index)
    async with history(tmp_path, batch) as store, house(mosquitto, store) as here:
        await show(here, metered("0.316", NEWEST))
        dials = (await here.get("/api/v1/meters/home/dials", per=per, count=str(count))).json(parse_float=Decimal)
        start, end = dials["rows"][0]["from"], dials["rows"][-1]["to"]
        query = {"per": per, "from": start, "to": end}
        usage = (await here.get("/api/v1/meters/home/usage", **query)).json(parse_float=Decimal)
    assert len(dials["rows"]) == rows
    assert dials["rows"][-1]["energy_import_t1_kwh"] == Decimal("0.658")
    assert dials["rows"][-1]["gas_m3"] == Decimal("0.316")
    for before, after, used in zip(dials["rows"], dials["rows"][1:], usage["rows"][1:], strict=False):
        assert after["from"] == used["from"]
        for name in ("energy_import_t1_kwh", "energy_import_kwh", "gas_m3"):
            assert after[name] - before[name] == used[name]


async def test_what_cannot_be_told_is_said(mosquitto: Broker) -> None:
    """An unknown gateway, a period without dials, a gateway that is silent, a history that is away."""
    store = ScriptedStore()
    async with house(mosquitto, store) as here:
        await here.publish(TOPICS.status("home"), b"online", retain=True)

        async def known() -> bool:
            return "home" in (await here.get("/api/v1/meters")).text

        await here.until(known)
        base = "/api/v1/meters"
        asked = [
            here.get(f"{base}/elsewhere/history"),
            here.get(f"{base}/home/dials", per="week"),
            here.get(f"{base}/home/dials"),
        ]
        statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
        store.trouble = StoreUnavailableError("read", "history", "it is away", hint="wait")
        statuses.append((await here.get(f"{base}/home/history")).status_code)
    assert statuses == [404, 422, 404, 503]
