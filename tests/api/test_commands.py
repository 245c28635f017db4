"""Orders to gateways."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from meterkast_api.access.scopes import Caller, Scope
from meterkast_api.database import FILE
from meterkast_contracts.topics import Command
from meterkast_runtime.mqtt import MqttSession, MqttSettings
from meterkast_store.history import MeterInfo

from tests.api.houses import NOON, OWNER, TOPICS, ScriptedStore, house
from tests.brokers import Broker


def gateway_at(broker: Broker) -> MqttSession:
    settings = MqttSettings(host=broker.host, port=broker.port)
    return MqttSession(settings, client_id="gateway", persistent=False, subscriptions=(TOPICS.command("+", "+"),))


@pytest.mark.parametrize("command", sorted(set(Command) - {Command.SET, Command.UPDATE}))
async def test_an_order_reaches_the_gateway(mosquitto: Broker, command: Command) -> None:
    """It is published under the gateway's name, is not retained, and stands in the audit log."""
    async with house(mosquitto, caller=OWNER) as here, gateway_at(mosquitto) as gateway:
        await gateway.wait_connected()
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        answer = await here.client.post(f"/api/v1/meters/home/command/{command}")
        assert answer.status_code == 202
        assert answer.json() == {"gateway": "home", "command": command, "topic": f"dsmr/home/command/{command}"}
        async with asyncio.timeout(10):
            message = await anext(aiter(gateway.messages()))
        assert (message.topic, message.payload, message.retain) == (f"dsmr/home/command/{command}", b"", False)
        with closing(sqlite3.connect(mosquitto.directory / FILE)) as database:
            logged = database.execute("SELECT who, what, detail FROM audit").fetchall()
        assert logged == [("owner", f"command {command} sent", "home")]


async def test_an_order_that_there_is_not_is_answered_by_the_nearest(mosquitto: Broker) -> None:
    """A slip of the pen is named, and so is a gateway that nobody knows."""
    async with house(mosquitto, caller=OWNER) as here:
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        answer = await here.client.post("/api/v1/meters/home/command/reboot")
        assert answer.status_code == 422
        known = "'restart', 'identify', 'update', 'set', 'forget-wifi', 'purge-log' or 'forget'"
        assert f"name: Input should be {known}" in answer.json()["detail"]
        answer = await here.client.post("/api/v1/meters/home/command/forget_wifi")
        assert "did you mean forget-wifi?" in answer.json()["detail"]
        assert (await here.client.post("/api/v1/meters/homer/command/restart")).status_code == 404


@pytest.mark.parametrize(
    ("caller", "status"),
    [(Caller("anyone", frozenset({Scope.READ}), known=False), 401), (Caller("reader", frozenset({Scope.READ})), 403)],
)
async def test_who_may_only_read_gives_no_orders(mosquitto: Broker, caller: Caller, status: int) -> None:
    """The scope `control` is needed, and nothing is sent without it."""
    async with house(mosquitto, caller=caller) as here, gateway_at(mosquitto) as gateway:
        await gateway.wait_connected()
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        assert (await here.client.post("/api/v1/meters/home/command/restart")).status_code == status
        await here.publish(TOPICS.command("home", "last"), b"")
        async with asyncio.timeout(10):
            assert (await anext(aiter(gateway.messages()))).topic.endswith("/last")


async def test_an_order_does_not_wait_for_a_broker_that_is_away(mosquitto: Broker) -> None:
    """It is refused at once, since a restart that comes hours later is worse than none."""
    async with house(mosquitto, caller=OWNER) as here:
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        mosquitto.stop()

        async def refused() -> bool:
            return (await here.client.post("/api/v1/meters/home/command/restart")).status_code == 503

        await here.until(refused)
        answer = await here.client.post("/api/v1/meters/home/command/restart")
        assert answer.json()["type"] == "urn:meterkast:problem:broker-away"
        assert answer.headers["retry-after"] == "5"
        mosquitto.start()


async def test_a_gateway_is_forgotten(mosquitto: Broker) -> None:
    """The parser is told, the audit log says who did it, and once all is cleared the gateway is listed no more."""
    async with house(mosquitto, caller=OWNER) as here, gateway_at(mosquitto) as parser:
        await parser.wait_connected()
        await here.publish(TOPICS.telegram("home"), b"/MKT5\r\n\r\n!0000\r\n")
        await here.publish(TOPICS.status("home"), b"online", retain=True)
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        answer = await here.client.delete("/api/v1/meters/home")
        assert answer.status_code == 202
        assert answer.json()["topic"] == "dsmr/home/command/forget"
        assert "Its history stays" in answer.json()["detail"]
        async with asyncio.timeout(10):
            assert (await anext(aiter(parser.messages()))).topic == "dsmr/home/command/forget"
        for topic in (TOPICS.status("home"), TOPICS.reading("home")):
            await here.publish(topic, b"", retain=True)

        async def gone() -> bool:
            return bool((await here.get("/api/v1/meters")).json() == [])

        await here.until(gone)
        assert (await here.client.delete("/api/v1/meters/home")).status_code == 404
        with closing(sqlite3.connect(mosquitto.directory / FILE)) as database:
            logged = database.execute("SELECT who, what, detail FROM audit").fetchall()
        assert logged == [("owner", "gateway forgotten", "home")]


async def test_a_forgotten_gateway_with_history_stays_listed(mosquitto: Broker) -> None:
    """What was measured is not hidden: its status is unknown, and its history is still answered."""
    store = ScriptedStore(infos=[MeterInfo("home", "E0001", "electricity", NOON, NOON, ())])
    async with house(mosquitto, store, caller=OWNER) as here:
        await here.publish(TOPICS.status("home"), b"online", retain=True)
        await here.publish(TOPICS.status("home"), b"", retain=True)

        async def unknown() -> bool:
            return bool((await here.get("/api/v1/meters")).json() == [{"gateway": "home", "status": "unknown"}])

        await here.until(unknown)


async def test_who_may_only_read_forgets_nothing(mosquitto: Broker) -> None:
    """Forgetting needs the scope `control`."""
    async with house(mosquitto, caller=Caller("reader", frozenset({Scope.READ}))) as here:
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        assert (await here.client.delete("/api/v1/meters/home")).status_code == 403
