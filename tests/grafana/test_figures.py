"""What the dashboards ask of services and gateways is what those tell."""

import asyncio
import re
from pathlib import Path

import pytest
from meterkast_api.__main__ import build as build_api
from meterkast_api.settings import ApiSettings
from meterkast_console.__main__ import build_console
from meterkast_console.settings import ConsoleSettings
from meterkast_contracts.messages import DeviceInfo, ServiceHealth
from meterkast_contracts.topics import ONLINE, Topics
from meterkast_history.__main__ import build_history
from meterkast_history.settings import HistorySettings
from meterkast_history.vitals import Vitals
from meterkast_parser.__main__ import build_parser
from meterkast_parser.settings import ParserSettings
from meterkast_reader.service import ReaderService
from meterkast_reader.settings import ReaderSection, ReaderSettings
from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import MqttSession, MqttSettings
from meterkast_store import StoreSettings

from tests.brokers import Broker
from tests.grafana.boards import dashboards, panels
from tests.grafana.houses import NOW

QUERIES = [target["query"] for board in dashboards().values() for panel in panels(board) for target in panel["targets"]]
GIVE_UP_S = 30


def asked_of(service: str) -> set[str]:
    """The figures that any panel asks of a service."""
    own = [query for query in QUERIES if f"\"service\" = '{service}'" in query]
    return {name for query in own for name in re.findall(r'last\("(\w+)"\)', query)}


def told_by(service: str, folder: Path) -> set[str]:
    health = Health(service)
    match service:
        case "parser":
            build_parser(ParserSettings(), health)
        case "history":
            build_history(HistorySettings(store=StoreSettings(url="influxdb://localhost/meterkast")), health)
        case "api":
            build_api(ApiSettings(data_dir=folder), health)
        case "console":
            build_console(ConsoleSettings(data_dir=folder), health)
    return {*health.message().figures}


@pytest.mark.parametrize("service", ["parser", "history", "api", "console"])
async def test_a_service_tells_what_is_asked_of_it(service: str, tmp_path: Path) -> None:
    """Every figure that a panel draws of a service stands in the health message of that service."""
    asked = asked_of(service)
    assert len(asked) > 2
    assert asked <= told_by(service, tmp_path)


async def test_the_reader_and_its_gateways_tell_what_is_asked_of_them(mosquitto: Broker, tmp_path: Path) -> None:
    """A running reader's figures and its gateways' counters have the names that the dashboards ask for."""
    mqtt = MqttSettings(host=mosquitto.host, port=mosquitto.port)
    section = ReaderSection(source="simulator:nl-dsmr5?interval=1", gateway="home")
    health = Health("reader")
    service = ReaderService(ReaderSettings(mqtt=mqtt, data_dir=tmp_path, reader=section), health)
    topics = Topics()
    vitals = Vitals(topics, lambda: pytest.fail("a gateway's own word was dropped"))
    session = MqttSession(mqtt, client_id="listener", subscriptions=(topics.device("+"),), persistent=False)
    work = asyncio.create_task(service.run(lambda: None))
    async with asyncio.timeout(GIVE_UP_S), session:
        async for message in session.messages():
            vitals.take(message.topic, message.payload)
            if DeviceInfo.from_json(message.payload).counters.get("telegrams"):
                break
    figures = health.message().figures
    work.cancel()
    await asyncio.wait([work])
    assert asked_of("reader") <= figures.keys()
    assert figures["telegrams"] >= 1
    vitals.take(topics.status("home"), ONLINE)
    vitals.read("home", NOW)
    told = {*vitals.batch(NOW).devices[0].figures, "signal_dbm"}
    (table,) = [query for query in QUERIES if 'FROM "device"' in query]
    inner = table[table.index("(SELECT") :]
    assert set(re.findall(r'"(\w+)" AS', inner)) <= told


def test_health_and_vitals_agree() -> None:
    """What a health message tells is what becomes of it in the database, beside whether the service is up."""
    health = Health("parser")
    health.ready()
    vitals = Vitals(Topics(), lambda: pytest.fail("a service's own word was dropped"))
    payload = health.message().to_json()
    vitals.take(health.topic, payload)
    (vital,) = vitals.batch(NOW).services
    assert dict(vital.figures) == {**ServiceHealth.from_json(payload).figures, "up": 1, "told": 1}
