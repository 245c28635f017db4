"""Several parsers that share the telegrams of all gateways, on a real broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from meterkast_contracts.messages import Reading
from meterkast_contracts.topics import service_status
from meterkast_parser.__main__ import build_departure, build_parser
from meterkast_parser.settings import ParserSection, ParserSettings
from meterkast_parser.sharing import Trial
from meterkast_runtime.errors import StartError
from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import MqttSession, MqttSettings
from meterkast_runtime.supervision import unheeded
from pydantic import SecretStr

from tests.brokers import Broker, BrokerOptions, Mosquitto
from tests.parser.telegrams import DSMR_5, OLD, with_crc
from tests.parser.test_service import GIVE_UP_S, TOPICS, Listener, listener_on, now_in

COUNT = 30
Login = Mapping[str, Any]
NOBODY: Login = {}


def settings_for(broker: Broker, instance: str, login: Login = NOBODY, **section: object) -> ParserSettings:
    return ParserSettings(
        instance=instance,
        mqtt=MqttSettings(host=broker.host, port=broker.port).model_copy(update=login),
        parser=ParserSection.model_validate({"share": "parser", **section}),
    )


@contextlib.asynccontextmanager
async def sharing(broker: Broker, *instances: str, login: Login = NOBODY, **section: object) -> AsyncIterator[None]:
    tasks = []
    for instance in instances:
        ready = asyncio.Event()
        service = build_parser(settings_for(broker, instance, login, **section), Health("parser", instance))
        tasks.append(asyncio.create_task(service.run(ready.set)))
        async with asyncio.timeout(GIVE_UP_S):
            await ready.wait()
    yield
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def readings(listener: Listener, gateway: str = "home") -> list[Reading]:
    return [Reading.from_json(payload) for payload in listener.on(TOPICS.reading(gateway))]


async def test_each_telegram_is_read_by_one_of_them(mosquitto: Broker) -> None:
    """Three parsers give one reading for each telegram, none of them a time that another has given, and no values."""
    async with sharing(mosquitto, "parser-1", "parser-2", "parser-3"), listener_on(mosquitto) as listener:
        for _ in range(COUNT):
            listener.session.publish(TOPICS.telegram("home"), OLD)
        await listener.wait(lambda _: len(listener.on(TOPICS.reading("home"))) == COUNT)
        await listener.session.publish(TOPICS.late_telegram("shed", 1_700_000_000_000), OLD)
        await listener.wait(lambda _: bool(listener.on(TOPICS.reading("shed"))))
        assert len({reading.measured_at for reading in readings(listener)}) == COUNT
        assert {message.topic.split("/")[2] for message in listener.messages} == {"telegram", "reading"}


async def test_values_are_all_published_where_they_are_asked_for(mosquitto: Broker) -> None:
    """A parser that sees only some telegrams cannot tell what has changed, and publishes every value each time."""
    async with sharing(mosquitto, "parser-1", publish_values=True), listener_on(mosquitto) as listener:
        for _ in range(2):
            await listener.session.publish(TOPICS.telegram("home"), now_in(DSMR_5))
        await listener.wait(lambda _: len(listener.on(TOPICS.reading("home"))) == 2)
        assert listener.on(TOPICS.value("home", "power_import_w")) == [b"1234", b"1234"]
        assert not listener.on(TOPICS.obis("home", "1-0:1.7.0"))


async def test_events_are_left_to_the_writers(mosquitto: Broker) -> None:
    """What lies between two telegrams that one parser happens to see is no event."""
    async with sharing(mosquitto, "parser-1"), listener_on(mosquitto) as listener:
        first = now_in(DSMR_5)
        other = with_crc(first.replace(b"96.14.0(0002)", b"96.14.0(0001)"))
        for raw in (first, other):
            await listener.session.publish(TOPICS.telegram("home"), raw)
        await listener.wait(lambda _: len(listener.on(TOPICS.reading("home"))) == 2)
        assert [reading.values["tariff"] for reading in readings(listener)] == [2, 1]
        assert not listener.on(TOPICS.event("home"))


async def test_one_that_leaves_finishes_its_telegrams_and_gets_no_more(mosquitto: Broker) -> None:
    """The broker goes on to give telegrams to a parser that is away, until it has left."""
    async with sharing(mosquitto, "parser-1", "parser-2"):
        pass
    async with sharing(mosquitto, "parser-1"), listener_on(mosquitto) as listener:
        for _ in range(COUNT):
            listener.session.publish(TOPICS.telegram("home"), OLD)
        await listener.wait(lambda _: len(listener.on(TOPICS.reading("home"))) == COUNT // 2)
        settings = settings_for(mosquitto, "parser-2")
        async with asyncio.timeout(GIVE_UP_S):
            await build_departure(settings, Health("parser", "parser-2")).run(unheeded)
        await listener.wait(lambda _: len(listener.on(TOPICS.reading("home"))) == COUNT)
        for _ in range(COUNT):
            listener.session.publish(TOPICS.telegram("home"), OLD)
        await listener.wait(lambda _: len(listener.on(TOPICS.reading("home"))) == 2 * COUNT)


async def test_a_broker_that_does_not_share_is_refused(nats: Broker) -> None:
    """nats-server takes the subscription and never gives it anything: the parser says so instead of waiting."""
    topic = service_status("parser", "parser-1")
    session = MqttSession(
        MqttSettings(host=nats.host, port=nats.port), client_id="trial", subscriptions=[f"$share/trial/{topic}"]
    )
    with pytest.raises(StartError, match=r"does not share subscriptions .*without parser\.share"):
        await Trial(session, topic, b"{}", within_s=0.5).run()


async def test_the_access_list_of_services_suffices_to_share(tmp_path: Path) -> None:
    """A parser that may read all, and write only what is its own, finds out that it can share, and shares."""
    acl = tmp_path / "acl"
    rules = ("read #", "write dsmr/+/reading", "write meterkast/parser/+/status", "write dsmr/+/telegram")
    acl.write_text("\n".join(("user parser", *(f"topic {rule}" for rule in rules), "")))
    options = BrokerOptions(username="parser", password="parser", extra=(f"acl_file {acl}",))
    login = {"username": "parser", "password": SecretStr("parser")}
    with Mosquitto(tmp_path / "mosquitto", options) as broker:
        settings = MqttSettings(host=broker.host, port=broker.port).model_copy(update=login)
        session = MqttSession(settings, client_id="feed", subscriptions=[TOPICS.reading("+")], persistent=False)
        async with sharing(broker, "parser-1", login=login), session, asyncio.timeout(GIVE_UP_S):
            await session.wait_connected()
            await session.publish(TOPICS.telegram("home"), OLD)
            assert (await anext(session.messages())).topic == TOPICS.reading("home")
