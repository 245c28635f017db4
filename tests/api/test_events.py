"""Pages of events over a real SQLite history."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from meterkast_contracts.messages import Event, EventKind
from meterkast_store import Batch, HistoryStore, Sample, StoreSettings, open_store

from tests.api.houses import NOON, House, house
from tests.brokers import Broker

SPAN = {"from": "2026-03-01", "to": "2026-04-30"}
KINDS = list(EventKind)
SAMPLE = Sample("home", "E1", NOON, registers={"energy_import_t1_wh": 1})


def event(minutes: float, kind: EventKind = EventKind.TARIFF_SWITCH) -> Event:
    return Event(gateway="home", kind=kind, at=NOON + timedelta(minutes=minutes), text=f"{kind} at {minutes}.")


def many() -> Iterator[Event]:
    """At each of three hundred minutes one or more kinds of events, every eighth minute all eight."""
    for minute in range(300):
        for kind in KINDS if minute % 8 == 0 else KINDS[minute % 8 :][:1]:
            yield event(minute, kind)


@pytest.fixture
async def filled(tmp_path: Path) -> HistoryStore:
    """Give a history of 566 events, many of them at the same moment."""
    store = open_store(StoreSettings(), tmp_path)
    async with store:
        await store.write(Batch(samples=[SAMPLE], events=list(many())))
    return open_store(StoreSettings(), tmp_path)


async def ask(here: House, **parameters: Any) -> dict[str, Any]:
    answer = await here.get("/api/v1/meters/home/events", **{**SPAN, **parameters})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def pages(here: House, **parameters: Any) -> list[list[dict[str, Any]]]:
    answer = await ask(here, **parameters)
    found = [answer["events"]]
    while "next" in answer:
        answer = await ask(here, before=answer["next"], **parameters)
        found.append(answer["events"])
    return found


@pytest.mark.parametrize("limit", [7, 100, 1000])
async def test_pages_hold_every_event_once(mosquitto: Broker, filled: HistoryStore, limit: int) -> None:
    """However long the pages, all events come in one order, also those of one moment."""
    async with house(mosquitto, filled) as here:
        found = await pages(here, limit=limit)
        assert {len(page) for page in found[:-1]} <= {limit}
        assert 1 <= len(found[-1]) <= limit
        got = [entry["text"] for page in found for entry in page]
        assert sorted(got) == sorted(one.text for one in many())
        times = [entry["at"] for page in found for entry in page]
        assert times == sorted(times, reverse=True)


async def test_the_last_page_has_no_next(mosquitto: Broker, filled: HistoryStore) -> None:
    """A page that ends with the last event says so."""
    async with house(mosquitto, filled) as here:
        assert "next" not in await ask(here, limit=566)
        assert "next" in await ask(here, limit=565)


async def test_a_page_stays_what_it_is_when_new_events_come(mosquitto: Broker, tmp_path: Path) -> None:
    """The cursor names a moment and a kind, not a number."""
    store = open_store(StoreSettings(), tmp_path)
    async with house(mosquitto, store) as here:
        await store.write(Batch(samples=[SAMPLE], events=[event(minute) for minute in range(6)]))
        first = await ask(here, limit=3)
        assert first["next"] == "2026-03-29T12:03:00.000Z~tariff_switch"
        before = await ask(here, limit=3, before=first["next"])
        await store.write(Batch(events=[event(10), event(11, EventKind.GAP)]))
        assert await ask(here, limit=3, before=first["next"]) == before


async def test_kinds_can_be_chosen(mosquitto: Broker, filled: HistoryStore) -> None:
    """`kind` may be given often, and a page is full of what was asked for."""
    async with house(mosquitto, filled) as here:
        found = await pages(here, limit=20, kind=["gap", "message"])
        kinds = [entry["kind"] for page in found for entry in page]
        assert set(kinds) == {"gap", "message"}
        assert len(kinds) == len([one for one in many() if one.kind in ("gap", "message")])
        assert [len(page) for page in found[:-1]] == [20] * (len(found) - 1)


async def test_the_end_is_not_part_of_the_span(mosquitto: Broker, filled: HistoryStore) -> None:
    """`from` is in, `to` is out."""
    async with house(mosquitto, filled) as here:
        answer = await ask(here, **{"from": "2026-03-29T12:01Z", "to": "2026-03-29T12:03Z"})
        assert [entry["at"] for entry in answer["events"]] == ["2026-03-29T12:02:00Z", "2026-03-29T12:01:00Z"]


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"kind": "power_fail"}, "did you mean power_failure?"),
    ({"before": "17"}, "before: give the `next` of an answer here, e.g. 2026-03-29T03:12:00.000Z~power_failure"),
    ({"before": "2026-03-29T12:00:00~gap"}, "before: give the `next`"),
    ({"before": "2026-03-29T12:00:00Z~lunch"}, "before: give the `next`"),
    ({"after": "2026"}, "after: there is no such parameter"),
]


async def test_a_mistake_in_a_question_is_named(mosquitto: Broker, filled: HistoryStore) -> None:
    """Each mistake is a problem that says what would be right."""
    async with house(mosquitto, filled) as here:
        for parameters, sentence in MISTAKES:
            answer = await here.get("/api/v1/meters/home/events", **parameters)
            assert answer.status_code == 422, parameters
            assert sentence in answer.json()["detail"]
