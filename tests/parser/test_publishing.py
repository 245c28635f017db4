"""Home Assistant's discovery, other programs' topics and forgetting, on a real broker."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
from meterkast_contracts.messages import DeviceInfo, HealthStatus, Reading
from meterkast_contracts.topics import Topics
from meterkast_parser.__main__ import build_parser
from meterkast_parser.compat.settings import CompatSection
from meterkast_parser.homeassistant.settings import HomeAssistantSection
from meterkast_parser.settings import ParserSection, ParserSettings
from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import MqttSession, MqttSettings
from meterkast_runtime.settings import HomeSection

from tests.brokers import Broker
from tests.parser.telegrams import DSMR_5, telegram
from tests.parser.test_homeassistant import INFO
from tests.parser.test_service import GIVE_UP_S, now_in

TOPICS = Topics()
CONFIG = "homeassistant/device/meterkast_home/meter/config"
GAS_CONFIG = "homeassistant/device/meterkast_home/gas_MKTG000000001/config"


class Retained:
    """What the broker retains, kept up to date by a session of its own."""

    def __init__(self, session: MqttSession) -> None:
        self.session = session
        self.by_topic: dict[str, bytes] = {}
        self._changed = asyncio.Event()

    async def listen(self) -> None:
        """Take every message; an empty one is the end of what was retained."""
        async for message in self.session.messages():
            message.ack()
            self.by_topic[message.topic] = message.payload
            if not message.payload:
                del self.by_topic[message.topic]
            self._changed.set()

    async def until(self, *present: str, absent: tuple[str, ...] = ()) -> None:
        """Wait until some topics are there and others are not."""
        async with asyncio.timeout(GIVE_UP_S):
            while not (set(present) <= self.by_topic.keys() and not set(absent) & self.by_topic.keys()):
                self._changed.clear()
                await self._changed.wait()

    def json(self, topic: str) -> Any:
        return json.loads(self.by_topic[topic])


@contextlib.asynccontextmanager
async def retained_on(broker: Broker) -> AsyncIterator[Retained]:
    settings = MqttSettings(host=broker.host, port=broker.port)
    session = MqttSession(settings, client_id="retained", subscriptions=["#"], persistent=False)
    async with session:
        await session.wait_connected()
        retained = Retained(session)
        task = asyncio.create_task(retained.listen())
        yield retained
        task.cancel()
        await asyncio.wait([task])


@contextlib.asynccontextmanager
async def parser_on(
    broker: Broker,
    *,
    compat: CompatSection | None = None,
    homeassistant: bool = True,
    language: Literal["nl", "en"] = "en",
    health: Health | None = None,
) -> AsyncIterator[None]:
    section = ParserSection(compat=compat or CompatSection(), homeassistant=HomeAssistantSection(enabled=homeassistant))
    mqtt = MqttSettings(host=broker.host, port=broker.port)
    settings = ParserSettings(mqtt=mqtt, parser=section, home=HomeSection(language=language))
    ready = asyncio.Event()
    task = asyncio.create_task(build_parser(settings, health or Health("parser")).run(ready.set))
    async with asyncio.timeout(GIVE_UP_S):
        await ready.wait()
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def speak(retained: Retained, gateway: str = "home", info: DeviceInfo = INFO) -> None:
    """Say what a gateway says: that it is there, what it is, and a telegram."""
    publish = retained.session.publish
    await publish(TOPICS.status(gateway), b"online", retain=True)
    await publish(TOPICS.device(gateway), info.model_copy(update={"gateway": gateway}).to_json(), retain=True)
    await publish(TOPICS.telegram(gateway), now_in(DSMR_5))


async def test_meters_are_told_and_stay_told(broker: Broker) -> None:
    """The electricity meter and the gas meter are told and retained."""
    async with retained_on(broker) as retained, parser_on(broker):
        await speak(retained)
        await retained.until(CONFIG, GAS_CONFIG, TOPICS.reading("home"))
        assert retained.json(CONFIG)["components"]["energy_import_t1_kwh"]["device_class"] == "energy"
        assert retained.json(GAS_CONFIG)["device"]["via_device"] == "meterkast_home"
    async with retained_on(broker) as later:
        await later.until(CONFIG, GAS_CONFIG)


async def test_a_broker_that_lost_all_is_told_again(mosquitto: Broker) -> None:
    """Discovery and every value, of which none has changed meanwhile, come again with the next reading."""
    async with parser_on(mosquitto):
        async with retained_on(mosquitto) as retained:
            await speak(retained)
            await retained.until(CONFIG, GAS_CONFIG, TOPICS.reading("home"))
            before = retained.by_topic.keys() - {TOPICS.telegram("home")}
        mosquitto.stop()
        mosquitto.forget()
        mosquitto.start()
        async with retained_on(mosquitto) as retained:
            assert not retained.by_topic
            async with asyncio.timeout(GIVE_UP_S):
                while not before <= retained.by_topic.keys():  # the parser may not have subscribed again yet
                    await speak(retained)
                    await asyncio.sleep(0.1)


async def test_a_change_of_language_between_two_runs_is_told(mosquitto: Broker) -> None:
    """The same entities get other names."""
    async with retained_on(mosquitto) as retained:
        async with parser_on(mosquitto):
            await speak(retained)
            await retained.until(CONFIG, GAS_CONFIG)
        english = retained.json(CONFIG)
        assert english["device"]["name"] == "Smart meter home"
        del retained.by_topic[CONFIG]
        async with parser_on(mosquitto, language="nl"):
            await speak(retained)
            await retained.until(CONFIG)
        dutch = retained.json(CONFIG)
        assert dutch["device"]["name"] == "Slimme meter home"
        ids = [{key: one["unique_id"] for key, one in each["components"].items()} for each in (english, dutch)]
        assert ids[0] == ids[1]


async def test_discovery_that_is_switched_off_is_taken_back(mosquitto: Broker) -> None:
    """What an earlier run told is cleared at the start; other programs' messages and the readings stay."""
    other = "homeassistant/device/zigbee/lamp/config"
    async with retained_on(mosquitto) as retained:
        await retained.session.publish(other, b"{}", retain=True)
        async with parser_on(mosquitto):
            await speak(retained)
            await retained.until(CONFIG, GAS_CONFIG, TOPICS.reading("home"))
        async with parser_on(mosquitto, homeassistant=False):
            await retained.until(other, TOPICS.reading("home"), absent=(CONFIG, GAS_CONFIG))
            await speak(retained)
            await retained.session.publish(TOPICS.telegram("home"), OTHER_METER)
            await retained.until(TOPICS.value("home", "power_export_w"))
            assert CONFIG not in retained.by_topic


OTHER_METER = telegram("MKT5\\2OTHER", "0-0:96.1.1(4D4B543030303030303030303039)", "1-0:2.7.0(00.500*kW)")


async def test_a_forgotten_gateway_leaves_nothing(broker: Broker) -> None:
    """Status, device, reading, values, codes, discovery and other programs' topics go; another gateway's stay."""
    async with (
        retained_on(broker) as retained,
        parser_on(broker, compat=CompatSection(dsmr_reader=True, gateway="home")),
    ):
        await speak(retained)
        await speak(retained, "shed")
        await retained.until(GAS_CONFIG, "dsmr/reading/timestamp", TOPICS.reading("home"), TOPICS.reading("shed"))
        await retained.session.publish(TOPICS.command("home", "forget"), b"")
        cleared = (TOPICS.device("home"), TOPICS.reading("home"), CONFIG, GAS_CONFIG, "dsmr/reading/timestamp")
        await retained.until(TOPICS.reading("shed"), absent=cleared)
    async with retained_on(broker) as later:
        await later.until(TOPICS.reading("shed"), "homeassistant/device/meterkast_shed/meter/config")
        words = ("dsmr/home/", "meterkast_home/", "dsmr/reading/", "dsmr/meter-stats/", "dsmr/consumption/")
        assert [topic for topic in later.by_topic if any(word in topic for word in words)] == []


async def test_a_forgotten_gateway_that_still_lives_comes_back_whole(mosquitto: Broker) -> None:
    """Its next telegram gives every value again, though none has changed."""
    async with retained_on(mosquitto) as retained, parser_on(mosquitto):
        await speak(retained)
        await retained.until(CONFIG, GAS_CONFIG, TOPICS.reading("home"))
        before = {topic for topic in retained.by_topic if "/command/" not in topic}
        await retained.session.publish(TOPICS.command("home", "forget"), b"")
        await retained.until(absent=(TOPICS.device("home"), CONFIG))
        async with asyncio.timeout(GIVE_UP_S):
            while not before <= retained.by_topic.keys():
                await speak(retained)
                await asyncio.sleep(0.1)


async def test_the_order_to_forget_waits_for_a_parser_that_is_away(mosquitto: Broker) -> None:
    """It is carried out when the parser is back."""
    async with parser_on(mosquitto):
        pass
    async with retained_on(mosquitto) as retained:
        await retained.session.publish(TOPICS.status("home"), b"offline", retain=True)
        await retained.session.publish(TOPICS.command("home", "forget"), b"")
        async with parser_on(mosquitto):
            await retained.until(absent=(TOPICS.status("home"),))


async def test_other_programs_topics_are_written(mosquitto: Broker) -> None:
    """DSMR-reader's and the DSMR logger's, of the only gateway."""
    compat = CompatSection(dsmr_reader=True, dsmr_logger=True, dsmr_logger_topic="house/meter")
    async with retained_on(mosquitto) as retained, parser_on(mosquitto, compat=compat):
        await speak(retained)
        await retained.until("dsmr/reading/electricity_delivered_1", "house/meter/power_delivered")
        assert retained.by_topic["dsmr/reading/electricity_delivered_1"] == b"1234.567"
        assert retained.json("house/meter/power_delivered") == {"power_delivered": [{"value": 1.234, "unit": "kW"}]}
    async with retained_on(mosquitto) as later:
        await later.until("dsmr/reading/electricity_delivered_1")
        assert "house/meter/power_delivered" not in later.by_topic


async def test_of_several_gateways_one_must_be_named(mosquitto: Broker) -> None:
    """A sentence says so at the start, and none is shown by chance."""
    async with retained_on(mosquitto) as retained:
        async with parser_on(mosquitto):
            await speak(retained)
            await speak(retained, "shed")
            await retained.until(TOPICS.reading("home"), TOPICS.reading("shed"))
        health = Health("parser")
        health.ready()
        async with parser_on(mosquitto, compat=CompatSection(dsmr_reader=True), health=health):
            assert health.status is HealthStatus.DEGRADED
            assert "home, shed: name one of them in the setting parser.compat.gateway" in (
                health.message().detail or ""
            )
            del retained.by_topic[TOPICS.reading("home")]
            await speak(retained)
            await retained.until(TOPICS.reading("home"))
        assert not [topic for topic in retained.by_topic if topic.startswith("dsmr/reading/")]


@pytest.mark.parametrize("name", ["reading", "meter-stats"])
async def test_a_gateway_with_dsmr_readers_words_for_a_name_is_refused(mosquitto: Broker, name: str) -> None:
    """Its topics could not be told from DSMR-reader's; the others are read on."""
    async with retained_on(mosquitto) as retained, parser_on(mosquitto, compat=CompatSection(dsmr_reader=True)):
        await retained.session.publish(TOPICS.telegram(name), now_in(DSMR_5))
        await speak(retained)
        await retained.until("dsmr/reading/timestamp", TOPICS.reading("home"))
        assert TOPICS.reading(name) not in retained.by_topic
        assert Reading.from_json(retained.by_topic[TOPICS.reading("home")]).gateway == "home"
