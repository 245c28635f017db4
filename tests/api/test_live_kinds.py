"""Kinds of events that the stream sends to those who ask."""

import orjson
from meterkast_contracts.messages import DeviceInfo, HealthStatus, Rejected, RejectReason, ServiceHealth

from tests.api.event_source import event_source
from tests.api.houses import NOON, TOPICS, House, house
from tests.brokers import Broker

PARSER = "meterkast/parser/main/status"
ALL = {"services": "true", "devices": "true", "rejected": "true"}


def health(status: HealthStatus) -> bytes:
    return ServiceHealth(
        service="parser", instance="main", status=status, version="1", at=NOON, started_at=NOON
    ).to_json()


def device(uptime_s: int, gateway: str = "home") -> bytes:
    return DeviceInfo(gateway=gateway, source="replay:file", version="1", started_at=NOON, uptime_s=uptime_s).to_json()


def refused(number: int, gateway: str = "home") -> bytes:
    return Rejected(
        gateway=gateway,
        received_at=NOON,
        reason=RejectReason.CRC,
        detail="checksum is ABCD, the telegram says 1234",
        count=number,
        length=900,
        payload_base64="L1hNWA==",
    ).to_json()


async def test_services_devices_and_refusals_are_sent_to_those_who_ask(mosquitto: Broker) -> None:
    """Each comes as on the bus at every change, and once when it stays the same."""
    async with (
        house(mosquitto) as here,
        event_source(here.client, **ALL) as asked,
        event_source(here.client) as silent,
    ):
        await asked.until("live")
        await silent.until("live")
        for payload in (health(HealthStatus.OK), health(HealthStatus.OK), health(HealthStatus.DEGRADED)):
            await here.publish(PARSER, payload, retain=True)
        await here.publish(TOPICS.device("home"), device(1), retain=True)
        await here.publish(TOPICS.device("home"), device(1), retain=True)
        await here.publish(TOPICS.rejected("home"), refused(1))
        await here.send_reading()
        got = await asked.until("reading")
        assert [(event.kind, event.data.encode()) for event in got[:-1]] == [
            ("service", health(HealthStatus.OK)),
            ("service", health(HealthStatus.DEGRADED)),
            ("device", device(1)),
            ("rejected", refused(1)),
        ]
        assert (await silent.next()).kind == "reading"


async def test_the_present_state_holds_what_was_asked_for(mosquitto: Broker) -> None:
    """The newest of every kind asked for comes before `live`; services concern no gateway in particular."""
    async with house(mosquitto) as here:
        await here.publish(PARSER, health(HealthStatus.OK), retain=True)
        for gateway in ("home", "shed"):
            await here.publish(TOPICS.device(gateway), device(1, gateway), retain=True)
        for number in (1, 2):
            await here.publish(TOPICS.rejected("home"), refused(number))
        await here.until(lambda: _published(here, 5))
        async with event_source(here.client, gateway="home", **ALL) as events:
            state = await events.until("live")
            assert [(event.kind, event.data.encode()) for event in state[:-1]] == [
                ("service", health(HealthStatus.OK)),
                ("device", device(1)),
                ("rejected", refused(2)),
            ]
            assert state[-1].json == {"gateways": ["home"]}
        async with event_source(here.client, devices="true") as events:
            assert [event.kind for event in await events.until("live")] == ["device", "device", "live"]


async def test_what_was_asked_for_is_resumed_too(mosquitto: Broker) -> None:
    """Events on request have ids as the others have."""
    async with house(mosquitto) as here:
        async with event_source(here.client, **ALL) as events:
            last_id = (await events.next("live")).last_id
        await here.publish(TOPICS.rejected("home"), refused(1))
        await here.send_reading()
        await here.until(lambda: _published(here, 2))
        async with event_source(here.client, last_id=last_id, **ALL) as events:
            assert [(await events.next()).kind for _ in range(2)] == ["rejected", "reading"]
        async with event_source(here.client, last_id=last_id) as events:
            assert (await events.next()).kind == "reading"


async def test_refusals_are_listed_newest_first(mosquitto: Broker) -> None:
    """The last fifty since the start, bytes in base64 as they came."""
    async with house(mosquitto) as here:
        for number in range(60):
            here.bus.publish(TOPICS.rejected("home"), refused(number))
        await here.until(lambda: _published(here, 60))
        answer = (await here.get("/api/v1/meters/home/rejected")).json()
        assert answer["gateway"] == "home"
        assert [entry["count"] for entry in answer["rejected"]] == list(range(59, 9, -1))
        assert answer["rejected"][0] == orjson.loads(refused(59))


async def test_a_gateway_without_refusals_has_an_empty_list(mosquitto: Broker) -> None:
    """Nothing refused is good news, and no 404."""
    async with house(mosquitto) as here:
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        assert (await here.get("/api/v1/meters/home/rejected")).json() == {"gateway": "home", "rejected": []}
        assert (await here.get("/api/v1/meters/shed/rejected")).status_code == 404


async def _published(here: House, count: int) -> bool:
    return here.service.stream.position.endswith(b"-%d" % count)
