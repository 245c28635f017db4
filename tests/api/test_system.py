"""Health, metrics, catalogue, the document, the start and the stop."""

import asyncio
import json
import socket
import time
from pathlib import Path

import jsonschema
import pytest
from meterkast_api.generate import PLACE, openapi_json
from meterkast_api.settings import ApiSection
from meterkast_contracts.catalogue import BY_NAME
from meterkast_runtime.errors import StartError
from pydantic import ValidationError

from tests.api.houses import ScriptedStore, house
from tests.brokers import Broker

DOCUMENT = json.loads(openapi_json())
ROOT = Path(__file__).parents[2]


async def test_health_follows_the_broker(mosquitto: Broker) -> None:
    """Connected and readable is 200; a broker that is away is 503 until it is back."""
    async with house(mosquitto) as here:
        await here.until_found("/health")
        assert (await here.get("/health")).json()["status"] == "ok"
        mosquitto.stop()

        async def ill() -> bool:
            return (await here.get("/health")).status_code == 503

        await here.until(ill)
        answer = (await here.get("/health")).json()
        assert answer["status"] == "degraded"
        assert answer["checks"]["mqtt"] == "disconnected"
        mosquitto.start()
        await here.until_found("/health")


async def test_metrics_are_those_of_prometheus(mosquitto: Broker) -> None:
    """Messages, streams, requests and delays are counted."""
    async with house(mosquitto) as here:
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        metrics = await here.get("/metrics")
        assert metrics.headers["content-type"].startswith("text/plain")
        for name in ("messages_total", "streams", "requests_total", "reading_delay_seconds_bucket"):
            assert f"meterkast_api_{name}" in metrics.text


async def test_the_catalogue_has_every_name_once(mosquitto: Broker) -> None:
    """Names, units, labels and codes come from the one table, and are sent again only when changed."""
    async with house(mosquitto) as here:
        answer = await here.get("/api/v1/catalogue")
        entries = {entry["name"]: entry for entry in answer.json()}
        assert entries.keys() == BY_NAME.keys()
        assert len(entries) == len(answer.json())
        assert entries["power_import_w"]["label"]["nl"] == BY_NAME["power_import_w"].label_nl
        assert set(entries["version"]["codes"]) == {"1-3:0.2.8", "0-0:96.1.4"}
        again = await here.client.get("/api/v1/catalogue", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


def test_the_document_is_current() -> None:
    """`contracts/openapi.json` is what the code gives: run `python -m meterkast_api.generate`."""
    assert (ROOT / PLACE).read_text(encoding="utf-8") == openapi_json()


def test_every_answer_of_the_document_has_an_example_that_fits() -> None:
    """Each answer with content shows an example, and the example is valid by its own schema."""
    for path, operations in DOCUMENT["paths"].items():
        answers = [answer for operation in operations.values() for answer in operation["responses"].items()]
        for status, answer in answers:
            assert answer.get("content") or status == "304", f"{path} {status}"
            for content in answer.get("content", {}).values():
                schema = {**content["schema"], "components": DOCUMENT["components"]}
                jsonschema.validate(content["example"], schema, format_checker=jsonschema.FormatChecker())


async def test_the_document_is_served(mosquitto: Broker) -> None:
    """/openapi.json is the same document."""
    async with house(mosquitto) as here:
        assert (await here.get("/openapi.json")).json() == DOCUMENT


async def test_answers_are_as_the_document_says(mosquitto: Broker) -> None:
    """Real answers are valid by the document's schemas."""
    async with house(mosquitto) as here:
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        for path in DOCUMENT["paths"]:
            if path in ("/metrics", "/api/v1/stream") or "get" not in DOCUMENT["paths"][path]:
                continue
            answer = await here.get(path.format(gateway="home"))
            declared = DOCUMENT["paths"][path]["get"]["responses"][str(answer.status_code)]["content"]
            schema = declared[answer.headers["content-type"]]["schema"]
            jsonschema.validate(answer.json(), {**schema, "components": DOCUMENT["components"]})


async def test_a_port_in_use_is_one_clear_sentence(mosquitto: Broker) -> None:
    """The start fails with what is wrong and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=f"127.0.0.1:{port}, another program uses that port: stop that program"):
            async with house(mosquitto, port=port):
                pass


async def test_an_address_that_is_not_ours_is_one_clear_sentence(mosquitto: Broker) -> None:
    """A wrong host says so."""
    with pytest.raises(StartError, match="set host in the section"):
        async with house(mosquitto, host="192.0.2.1", insecure=True):
            pass


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "meterkast.example.org"])
def test_listening_beyond_this_machine_must_be_asked_for(host: str) -> None:
    """There is no login yet, so that reaching us from elsewhere is a decision of its own."""
    with pytest.raises(ValidationError, match="can be reached by others and there is no login yet"):
        ApiSection(host=host)
    assert ApiSection(host=host, insecure=True).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_listening_on_this_machine_needs_nothing(host: str) -> None:
    """Loopback is the default."""
    assert ApiSection(host=host).loopback


async def test_a_stop_is_quick_and_closes_history(mosquitto: Broker) -> None:
    """Idle connections do not delay the stop; the port is free again and history closed."""
    store = ScriptedStore()
    async with house(mosquitto, store) as here:
        await here.get("/api/v1/meters")
        began = time.monotonic()
        await here.stop()
        assert time.monotonic() - began < 2
        assert here.task.cancelled()
        assert ("closed",) in store.asked
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", here.service.port)
