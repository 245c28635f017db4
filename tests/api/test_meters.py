"""What the meters say now."""

from datetime import timedelta

import orjson
from meterkast_contracts.messages import DeviceInfo
from meterkast_store.errors import StoreUnavailableError
from meterkast_store.history import MeterInfo

from tests.api.houses import NOON, TOPICS, House, ScriptedStore, house
from tests.brokers import Broker


async def test_a_reading_is_served_byte_for_byte_as_on_the_bus(mosquitto: Broker) -> None:
    """`actual` is the payload of the bus, exact decimals and all."""
    async with house(mosquitto) as here:
        sent = await here.send_reading()
        answer = await here.until_found("/api/v1/meters/home/actual")
        assert answer.content == sent
        assert b'"energy_import_t1_kwh":4521.100' in answer.content
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"


async def test_the_list_of_meters_says_what_each_gateway_says_now(mosquitto: Broker) -> None:
    """A gateway is listed with its status and its reading's main values; values that lack are absent."""
    async with house(mosquitto) as here:
        await here.send_reading()
        await here.publish(TOPICS.status("home"), "online", retain=True)
        await here.publish(TOPICS.status("shed"), "offline", retain=True)
        await here.until(lambda: _listed(here, "shed"))
        assert (await here.get("/api/v1/meters")).json() == [
            {
                "gateway": "home",
                "status": "online",
                "meter_id": "E0001",
                "identification": "MTK5\\Z1",
                "measured_at": "2026-03-29T12:00:00Z",
                "received_at": "2026-03-29T12:00:00.200000Z",
                "power_import_w": 424,
                "power_export_w": 0,
            },
            {"gateway": "shed", "status": "offline"},
        ]


async def test_a_meter_that_only_history_knows_is_listed_as_unknown(mosquitto: Broker) -> None:
    """A gateway that has been silent since the start is found in history."""
    info = MeterInfo("cellar", "E0002", "electricity", NOON, NOON, ())
    async with house(mosquitto, ScriptedStore(infos=[info])) as here:
        assert (await here.get("/api/v1/meters")).json() == [{"gateway": "cellar", "status": "unknown"}]
        answer = await here.get("/api/v1/meters/cellar/actual")
        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:meterkast:problem:nothing-yet"


async def test_the_list_of_meters_does_without_history(mosquitto: Broker) -> None:
    """What is live is served although history is away."""
    trouble = StoreUnavailableError("read", "history.sqlite", "disk I/O error", hint="check the disk")
    async with house(mosquitto, ScriptedStore(trouble=trouble)) as here:
        await here.send_reading()
        await here.until(lambda: _listed(here, "home"))


async def test_a_telegram_is_served_untouched(mosquitto: Broker) -> None:
    """The raw bytes come back whatever they are, with the time of their receipt."""
    raw = b"/XMX5\xfe\r\n\r\n0-0:96.13.0()\r\n!ABCD\r\n"
    async with house(mosquitto) as here:
        await here.publish(TOPICS.late_telegram("home", 1774785600123), raw)
        answer = await here.until_found("/api/v1/meters/home/telegram")
        assert answer.content == raw
        assert answer.headers["x-received-at"] == "2026-03-29T12:00:00.123000Z"
        assert answer.headers["content-type"] == "text/plain; charset=iso-8859-1"


async def test_a_late_telegram_does_not_replace_a_newer_one(mosquitto: Broker) -> None:
    """The last telegram is the last received, not the last sent."""
    async with house(mosquitto) as here:
        await here.publish(TOPICS.late_telegram("home", 2000), b"/new")
        await here.publish(TOPICS.late_telegram("home", 1000), b"/old")
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        assert (await here.get("/api/v1/meters/home/telegram")).content == b"/new"


async def test_a_device_is_served_as_it_describes_itself(mosquitto: Broker) -> None:
    """DeviceInfo comes as on the bus."""
    device = DeviceInfo(gateway="home", source="replay:file", version="1", started_at=NOON, uptime_s=5).to_json()
    async with house(mosquitto) as here:
        await here.publish(TOPICS.device("home"), device, retain=True)
        assert (await here.until_found("/api/v1/meters/home/device")).content == device


async def test_retained_state_is_there_after_a_start(mosquitto: Broker) -> None:
    """An API that starts later finds the last reading on the broker."""
    async with house(mosquitto) as before:
        sent = await before.send_reading()
    async with house(mosquitto) as here:
        assert (await here.until_found("/api/v1/meters/home/actual")).content == sent


async def test_a_gateway_whose_retained_messages_are_removed_is_forgotten(mosquitto: Broker) -> None:
    """An empty retained payload means that there is nothing any more."""
    async with house(mosquitto) as here:
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        await here.publish(TOPICS.reading("home"), b"", retain=True)
        await here.until(lambda: _absent(here, "/api/v1/meters/home/actual"))
        assert (await here.get("/api/v1/meters")).json() == []


async def test_an_older_reading_does_not_replace_the_newest(mosquitto: Broker) -> None:
    """A reading that comes late changes nothing of what is now."""
    async with house(mosquitto) as here:
        newest = await here.send_reading(power=1)
        await here.send_reading(at=NOON - timedelta(minutes=5), power=2)
        await here.publish(TOPICS.status("home"), "online")
        await here.until(lambda: _status(here, "online"))
        assert (await here.get("/api/v1/meters/home/actual")).content == newest


async def test_messages_that_make_no_sense_change_nothing(mosquitto: Broker) -> None:
    """Garbage on any topic is counted and has no other effect."""
    async with house(mosquitto) as here:
        for payload in (b"\xff\xfe\x00", b"[]", b"{", b'{"received_at":"soon"}', b'{"received_at":"2026-01-01"}'):
            await here.publish(TOPICS.reading("home"), payload)
        await here.publish(TOPICS.status("home"), b"\x00perhaps")
        await here.publish(TOPICS.device("home"), b"nonsense")
        await here.publish(TOPICS.late_telegram("home", 10**18), b"/far")
        await here.publish("meterkast/parser/main/status", b"\xff")
        await here.publish("dsmr/Not A Gateway/reading", b"{}")
        await here.send_reading(gateway="last")
        await here.until_found("/api/v1/meters/last/actual")
        assert [line["gateway"] for line in (await here.get("/api/v1/meters")).json()] == ["last"]
        assert (await here.get("/api/v1/services")).json() == []
        assert 'meterkast_api_ignored_messages_total{kind="reading"}' in (await here.get("/metrics")).text


async def test_services_are_listed_with_their_health(mosquitto: Broker) -> None:
    """Each service's retained health comes as it was published; removing it removes it."""
    health = {"service": "parser", "instance": "main", "status": "ok"}
    async with house(mosquitto) as here:
        await here.publish("meterkast/parser/main/status", orjson.dumps(health), retain=True)
        await here.until(lambda: _services(here, 1))
        assert (await here.get("/api/v1/services")).json() == [health]
        await here.publish("meterkast/parser/main/status", b"", retain=True)
        await here.until(lambda: _services(here, 0))


async def _listed(here: House, gateway: str) -> bool:
    return gateway in [line["gateway"] for line in (await here.get("/api/v1/meters")).json()]


async def _status(here: House, status: str) -> bool:
    return [line["status"] for line in (await here.get("/api/v1/meters")).json()] == [status]


async def _services(here: House, count: int) -> bool:
    return len((await here.get("/api/v1/services")).json()) == count


async def _absent(here: House, path: str) -> bool:
    return (await here.get(path)).status_code == 404
