"""Whatever is asked, beyond what the document declares too, and whatever comes over MQTT, nothing breaks."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meterkast_api.access import audit
from meterkast_api.access.attempts import Attempts
from meterkast_api.access.audit import AuditLog
from meterkast_api.access.keyring import Keyring
from meterkast_api.access.login import Login
from meterkast_api.app import Parts, build_app
from meterkast_api.database import Database
from meterkast_api.firmware.shelf import Shelf
from meterkast_api.gateways import Gateways
from meterkast_api.home import Home
from meterkast_api.intake import Intake, Services
from meterkast_api.money import prices
from meterkast_api.money.money import Money
from meterkast_api.settings import ApiSection
from meterkast_api.stream import ON_REQUEST, Stream, Wish
from meterkast_runtime.health import Health
from starlette.types import ASGIApp

from tests.api.houses import TOPICS, ScriptedStore, reading

PATHS = st.text(max_size=30).map(lambda text: f"/{text}") | st.text(max_size=30).map(
    lambda text: f"/api/v1/meters/{text}/actual"
)  # fmt: skip
TOPIC_ENDS = ["reading", "status", "device", "event", "rejected", "telegram", "telegram/5"]
JSON = st.dictionaries(st.text(), st.text() | st.integers()).map(lambda found: json.dumps(found, indent=2).encode())
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ASGIApp]:
    """The API, without a server."""
    gateways, services = Gateways(), Services()
    stream = Stream(gateways.frames, buffer=10, queue=10, clients=1)
    Intake(TOPICS, gateways, services, stream).take(TOPICS.reading("home"), reading())
    folder = tmp_path_factory.mktemp("api")
    database = Database(folder / "api.sqlite", (audit.SCHEMA, prices.SCHEMA))
    asyncio.run(database.__aenter__())
    keyring = Keyring(database)
    store = ScriptedStore()
    parts = Parts(
        section=ApiSection(),
        home=Home(database, "Europe/Amsterdam"),
        store=store,
        health=Health("api"),
        gateways=gateways,
        services=services,
        stream=stream,
        database=database,
        firmware=Shelf(folder / "firmware"),
        money=Money(database, store, now=lambda: datetime.now(UTC)),
        audit=AuditLog(database),
        keyring=keyring,
        login=Login(keyring, attempts=Attempts(), setup_code="abcd"),
    )
    yield build_app(parts)
    asyncio.run(database.__aexit__())


async def _ask(app: ASGIApp, method: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        return await client.request(method, quote(path))


@settings(max_examples=60, deadline=None)
@given(method=METHODS, path=PATHS)
def test_no_request_breaks_anything(app: ASGIApp, method: str, path: str) -> None:
    """Every refusal is a problem with its sentence; nothing is a 500."""
    answer = asyncio.run(_ask(app, method, path))
    assert answer.status_code in (200, 401, 404, 405, 422, 503)
    if answer.status_code in (401, 404, 405, 422):
        assert answer.headers["content-type"] == "application/problem+json"
        if method != "HEAD":
            assert answer.json()["status"] == answer.status_code


@settings(max_examples=200, deadline=None)
@given(topic=st.sampled_from(TOPIC_ENDS), payload=st.binary() | JSON)
def test_no_message_breaks_anything(topic: str, payload: bytes) -> None:
    """Any bytes on any topic are taken in or counted as nonsense, and both streams stay well-formed."""
    gateways = Gateways()
    stream = Stream(gateways.frames, buffer=10, queue=10, clients=1)
    Intake(TOPICS, gateways, Services(), stream).take(f"dsmr/home/{topic}", payload)
    for notice in stream.present(Wish(kinds=ON_REQUEST)):
        assert notice.sse.endswith(b"\n\n")
        assert b"\n\n" not in notice.sse[:-2]
        assert orjson.loads(notice.text)["event"] == notice.frame.kind
