"""An API that holds some gateways of many (`[api] hold`)."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from meterkast_api.settings import LEAST_HELD, ApiSection
from prometheus_client import REGISTRY
from pydantic import ValidationError
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.api.event_source import event_source
from tests.api.houses import NOON, TOPICS, House, house, reading
from tests.brokers import Broker

LATER = NOON + timedelta(seconds=1)


async def _estate(here: House, *names: str) -> None:
    """Gateways that are online and have a retained reading, all of them known to the API by their status."""
    for number, name in enumerate(names):
        await here.publish(TOPICS.reading(name), reading(gateway=name, power=number), retain=True)
        await here.publish(TOPICS.status(name), "online", retain=True)
    await _listed(here, *names)


async def _listed(here: House, *names: str) -> None:
    async def so() -> bool:
        lines = (await here.get("/api/v1/meters", limit=100_000)).json()
        return set(names) <= {line["gateway"] for line in lines}

    await here.until(so)


async def _actual(here: House, name: str) -> httpx.Response:
    return await here.get(f"/api/v1/meters/{name}/actual")


async def _listens_to(here: House, name: str) -> bool:
    """Whether a telegram sent now reaches the API, which takes what comes in order."""
    marker = f"marker-{time.monotonic_ns()}"
    await here.publish(TOPICS.telegram(name), b"/" + marker.encode())
    await here.publish(TOPICS.status(marker), "online")
    await _listed(here, marker)
    answer = await here.get(f"/api/v1/meters/{name}/telegram")
    return answer.content == b"/" + marker.encode()


async def test_the_first_question_for_a_gateway_brings_what_is_retained_of_it(broker: Broker) -> None:
    """`actual` and `device` are answered from the broker's retained messages, though nothing was held before."""
    async with house(broker, hold=2) as here:
        await _estate(here, "a")
        await here.publish(TOPICS.device("a"), b'{"gateway":"a"}', retain=True)
        assert (await here.get("/api/v1/meters/a/device")).content == b'{"gateway":"a"}'
        assert (await _actual(here, "a")).content == reading(gateway="a", power=0)


async def test_a_held_gateway_is_kept_up_to_date(mosquitto: Broker) -> None:
    """After the first question each new reading is there without another wait."""
    async with house(mosquitto, hold=2) as here:
        await _estate(here, "a")
        await _actual(here, "a")
        sent = await here.send_reading(gateway="a", at=LATER, power=99)

        async def newest() -> bool:
            return (await _actual(here, "a")).content == sent

        await here.until(newest)


async def test_readings_of_gateways_that_nobody_asks_for_are_not_taken(mosquitto: Broker) -> None:
    """The broker does not send them to us at all."""

    def taken() -> float:
        return REGISTRY.get_sample_value("meterkast_api_messages_total", {"kind": "reading"}) or 0

    async with house(mosquitto, hold=2) as here:
        before = taken()
        await _estate(here, *(f"g{number}" for number in range(50)))
        assert taken() == before
        await _actual(here, "g7")
        assert taken() == before + 1


async def test_many_first_questions_at_once_are_all_answered(mosquitto: Broker) -> None:
    """More questions at a time than gateways may be held still get each its own reading."""
    names = [f"g{number}" for number in range(20)]
    async with house(mosquitto, hold=3) as here:
        await _estate(here, *names)
        answers = await asyncio.gather(*(_actual(here, name) for name in names for _ in range(3)))
        assert [answer.json()["gateway"] for answer in answers] == [name for name in names for _ in range(3)]


async def test_the_least_recently_asked_gateway_goes(mosquitto: Broker) -> None:
    """Beyond the number, the gateway that has not been asked for the longest is no longer listened to."""
    async with house(mosquitto, hold=2) as here:
        await _estate(here, "a", "b", "c")
        for name in ("a", "b", "a", "c"):
            await _actual(here, name)
        assert await _listens_to(here, "a")
        assert not await _listens_to(here, "b")


async def test_a_gateway_that_is_watched_live_stays(mosquitto: Broker) -> None:
    """A stream's gateway is not pushed out, however many others are asked for; afterwards it is."""
    async with house(mosquitto, hold=2) as here:
        await _estate(here, "a", "b", "c", "d")
        async with event_source(here.client, gateway="a") as events:
            assert [event.kind for event in await events.until("live")] == ["status", "reading", "live"]
            for name in ("b", "c", "d"):
                await _actual(here, name)
            sent = await here.send_reading(gateway="a", at=LATER, power=7)
            assert (await events.next("reading")).data.encode() == sent

        async def left() -> bool:
            return not here.service.stream.clients

        await here.until(left)
        for name in ("b", "c", "d"):
            await _actual(here, name)
        assert not await _listens_to(here, "a")


async def test_a_web_socket_is_a_live_client_too(mosquitto: Broker) -> None:
    """`/api/v1/live` holds its gateways, and is refused with the same sentence."""
    async with house(mosquitto, hold=1) as here:
        await _estate(here, "a", "b")
        address = f"ws://127.0.0.1:{here.service.port}/api/v1/live"
        async with connect(f"{address}?gateway=b", proxy=None) as socket:
            first = [orjson.loads(await socket.recv()) for _ in range(3)]
            assert [(message["event"], message["data"].get("gateway")) for message in first[:2]] == [
                ("status", "b"),
                ("reading", "b"),
            ]
        with pytest.raises(InvalidStatus) as refused:
            await connect(address, proxy=None)
        assert refused.value.response.status_code == 422


async def test_a_stream_that_names_no_gateway_is_refused_where_there_are_too_many(mosquitto: Broker) -> None:
    """The refusal says how many are held and what to ask for."""
    async with house(mosquitto, hold=2) as here:
        await _estate(here, "a", "b", "c")
        answer = await here.get("/api/v1/stream")
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:meterkast:problem:name-gateways")
        assert answer.json()["detail"] == (
            "this API holds at most 2 of its 3 gateways at a time ([api] hold): "
            "name those you want, ?gateway=NAME&gateway=NAME"
        )
        too_many = await here.get("/api/v1/stream", gateway=["a", "b", "c"])
        assert (too_many.status_code, too_many.json()["type"]) == (422, "urn:meterkast:problem:too-many-gateways")


async def test_a_stream_that_names_no_gateway_gets_all_where_they_can_be_held(mosquitto: Broker) -> None:
    """With no more gateways than may be held, nobody has to name them."""
    async with house(mosquitto, hold=2) as here:
        await _estate(here, "a", "b")
        async with event_source(here.client) as events:
            assert (await events.until("live"))[-1].json == {"gateways": ["a", "b"]}


async def test_a_stream_of_services_needs_no_gateway(mosquitto: Broker) -> None:
    """Who wants the services' health gets it, and no gateway's readings."""
    async with house(mosquitto, hold=1) as here:
        await _estate(here, "a", "b")
        await _actual(here, "a")
        async with event_source(here.client, services="true") as events:
            await events.until("live")
            await here.send_reading(gateway="a", at=LATER)
            await here.publish("meterkast/parser/main/status", b'{"status":"ok"}')
            assert (await events.next()).kind == "service"


async def test_live_clients_cannot_hold_more_than_the_number(mosquitto: Broker) -> None:
    """Where every place is watched, a further stream is told to come back, and a question is still answered."""
    async with house(mosquitto, hold=1) as here:
        await _estate(here, "a", "b")
        async with event_source(here.client, gateway="a") as events:
            await events.until("live")
            answer = await here.get("/api/v1/stream", gateway="b")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
            assert (await _actual(here, "b")).json()["gateway"] == "b"
            assert await _listens_to(here, "a")


async def test_a_gateway_without_a_reading_is_answered_as_such(mosquitto: Broker) -> None:
    """After a moment the answer is that nothing has come yet; the next question does not wait again."""
    async with house(mosquitto, hold=2) as here:
        await here.publish(TOPICS.status("a"), "offline", retain=True)
        await _listed(here, "a")
        began = time.monotonic()
        answer = await _actual(here, "a")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:meterkast:problem:nothing-yet")
        assert time.monotonic() - began > 0.5
        began = time.monotonic()
        await asyncio.gather(*(_actual(here, "a") for _ in range(20)))
        assert time.monotonic() - began < 0.9


async def test_a_gateway_that_does_not_exist_pushes_nobody_out(mosquitto: Broker) -> None:
    """A name of which nothing is known, or that is none, is not found and takes no place."""
    names = ("nobody", "a%2Fb", "%23", "+", "%2B", "A")
    async with house(mosquitto, hold=1) as here:
        await _estate(here, "a")
        await _actual(here, "a")
        answers = await asyncio.gather(*(_actual(here, name) for name in names))
        assert [answer.status_code for answer in answers] == [404] * len(names)
        assert await _listens_to(here, "a")


async def test_what_is_held_outlives_the_broker(broker: Broker) -> None:
    """A broker that comes back with nothing is asked for the held gateways again."""
    async with house(broker, hold=2) as here:
        await _estate(here, "a", "b")
        await _actual(here, "a")
        broker.kill()
        broker.forget()
        broker.start()
        await here.bus.wait_connected()
        sent = reading(gateway="a", at=LATER, power=5)

        async def newest() -> bool:
            await here.publish(TOPICS.reading("a"), sent)
            return (await _actual(here, "a")).content == sent

        await here.until(newest)


async def test_a_gateway_whose_topics_are_cleared_is_forgotten(mosquitto: Broker) -> None:
    """With an empty status and reading, a gateway that was held is known no more, telegram and all."""
    async with house(mosquitto, hold=2) as here:
        await _estate(here, "a", "b")
        await _actual(here, "a")
        assert await _listens_to(here, "a")
        await here.publish(TOPICS.status("a"), b"", retain=True)
        await here.publish(TOPICS.reading("a"), b"", retain=True)

        async def gone() -> bool:
            lines = (await here.get("/api/v1/meters")).json()
            return "a" not in {line["gateway"] for line in lines}

        await here.until(gone)
        answer = await _actual(here, "a")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:meterkast:problem:unknown-gateway")


async def test_several_apis_hold_what_each_is_asked_for(mosquitto: Broker) -> None:
    """Two instances beside each other answer for any gateway."""
    async with house(mosquitto, hold=1) as one, house(mosquitto, hold=1) as two:
        await _estate(one, "a", "b")
        await _listed(two, "a", "b")
        assert (await _actual(one, "a")).json()["gateway"] == "a"
        assert (await _actual(two, "b")).json()["gateway"] == "b"
        assert await _listens_to(one, "a")
        assert await _listens_to(two, "b")


async def test_the_list_of_meters_comes_in_pages(mosquitto: Broker) -> None:
    """`limit` and `after` page through all names; `Link` leads on until the end; those held have their values."""
    names = [f"g{number:02}" for number in range(25)]
    async with house(mosquitto, hold=2) as here:
        await _estate(here, *names)
        await _actual(here, "g01")
        page = await here.get("/api/v1/meters", limit=10)
        assert page.json()[:2] == [
            {"gateway": "g00", "status": "online"},
            {
                "gateway": "g01",
                "status": "online",
                "meter_id": "E0001",
                "identification": "MTK5\\Z1",
                "measured_at": "2026-03-29T12:00:00Z",
                "received_at": "2026-03-29T12:00:00.200000Z",
                "power_import_w": 1,
                "power_export_w": 0,
            },
        ]
        found = [line["gateway"] for line in page.json()]
        while (following := page.links.get("next")) is not None:
            page = await here.client.get(page.url.join(following["url"]))
            found += [line["gateway"] for line in page.json()]
        assert found == names
        assert [line["gateway"] for line in (await here.get("/api/v1/meters", after="g20", limit=2)).json()] == [
            "g21",
            "g22",
        ]
        assert (await here.get("/api/v1/meters", after="zzz")).json() == []
        assert (await here.get("/api/v1/meters", limit=0)).status_code == 422


async def test_thousands_of_meters_do_not_come_in_one_answer_unless_asked(mosquitto: Broker) -> None:
    """Where a part is held, a page without a limit is of a thousand; where all are held, it is all of them."""
    names = [f"g{number:04}" for number in range(1500)]
    async with house(mosquitto, hold=2) as here, house(mosquitto) as all_of_them:
        await asyncio.gather(*(here.bus.publish(TOPICS.status(name), "online", retain=True) for name in names))
        await _listed(here, *names)
        await _listed(all_of_them, *names)
        assert len((await here.get("/api/v1/meters")).json()) == 1000
        assert len((await here.get("/api/v1/meters", limit=2000)).json()) == 1500
        assert len((await all_of_them.get("/api/v1/meters")).json()) == 1500


async def test_the_old_paths_hold_their_gateway_too(mosquitto: Broker) -> None:
    """A program that reads another logger's API gets its gateway, as by our own."""
    async with house(mosquitto, hold=1) as here:
        await _estate(here, "a", "b")
        assert (await here.get("/compat/b/api/v1/data")).json()["active_power_w"] == 1


def test_the_setting_is_all_or_a_number() -> None:
    """`hold` is "all" unless a number is set, also from a variable's text; no less than the page listens to."""
    assert ApiSection().hold == "all"
    assert ApiSection.model_validate({"hold": "200"}).hold == 200
    for wrong in ("some", 0, -1, LEAST_HELD - 1):
        with pytest.raises(ValidationError):
            ApiSection.model_validate({"hold": wrong})
    page = (Path(__file__).parents[2] / "services/api/web/src/live/house.ts").read_text(encoding="utf-8")
    assert f"LISTEN_TO_ALL = {LEAST_HELD};" in page
