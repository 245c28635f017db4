"""Whatever is asked, the answer is one that the document declares, or a problem."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meterkast_api.access import audit
from meterkast_api.access.audit import AuditLog
from meterkast_api.app import Parts, build_app
from meterkast_api.database import Database
from meterkast_api.gateways import Gateways
from meterkast_api.home import Home
from meterkast_api.intake import Intake, Services
from meterkast_api.money import prices
from meterkast_api.money.money import Money
from meterkast_api.settings import ApiSection
from meterkast_api.stream import Stream
from meterkast_runtime.health import Health
from starlette.types import ASGIApp

from tests.api.houses import TOPICS, ScriptedStore, reading

PATHS = st.sampled_from(
    [
        "/",
        "/docs",
        "/docs/start.js",
        "/health",
        "/api/v1/meters",
        "/api/v1/catalogue",
        "/api/v1/services",
        "/api/v1/preferences",
        "/api/v1/contracts",
        "/api/v1/prices",
        *(f"/api/v1/meters/home/{part}" for part in ("actual", "telegram", "device", "usage", "power", "events")),
    ]
) | st.text(max_size=30).map(lambda text: f"/{text}") | st.text(max_size=30).map(
    lambda text: f"/api/v1/meters/{text}/usage"
)  # fmt: skip
MOMENTS = st.sampled_from(["now", "today", "-7d", "2026-03-29", "1970-01-01", "2199-12-31T23:59:59Z"]) | st.text(
    max_size=20
)
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "from": MOMENTS,
        "to": MOMENTS,
        "per": st.sampled_from(["quarter", "hour", "day", "week", "month", "year"]) | st.text(max_size=8),
        "points": st.integers().map(str) | st.text(max_size=8),
        "limit": st.integers().map(str) | st.text(max_size=8),
        "fields": st.text(max_size=30),
        "cost": st.sampled_from(["true", "false"]),
        "compare": st.sampled_from(["previous", "year"]) | st.text(max_size=8),
    },
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ASGIApp]:
    """The API, without a server."""
    gateways, services = Gateways(), Services()
    stream = Stream(gateways.state, buffer=10, queue=10, clients=1)
    Intake(TOPICS, gateways, services, stream).take(TOPICS.reading("home"), reading())
    database = Database(tmp_path_factory.mktemp("api") / "api.sqlite", (audit.SCHEMA, prices.SCHEMA))
    asyncio.run(database.__aenter__())
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
        money=Money(database, store, now=lambda: datetime.now(UTC)),
        audit=AuditLog(database),
    )
    yield build_app(parts)
    asyncio.run(database.__aexit__())


async def _ask(app: ASGIApp, method: str, path: str, query: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        return await client.request(method, quote(path), params=query)


@settings(max_examples=60, deadline=None)
@given(method=METHODS, path=PATHS, query=QUERIES)
def test_no_request_breaks_anything(app: ASGIApp, method: str, path: str, query: dict[str, str]) -> None:
    """Every refusal is a problem with its sentence; nothing is a 500."""
    answer = asyncio.run(_ask(app, method, path, query))
    assert answer.status_code in (200, 401, 404, 405, 422, 503)
    if answer.status_code in (401, 404, 405, 422):
        assert answer.headers["content-type"] == "application/problem+json"
        if method != "HEAD":
            assert answer.json()["status"] == answer.status_code


@settings(max_examples=200, deadline=None)
@given(topic=st.sampled_from(["reading", "status", "device", "event", "telegram", "telegram/5"]), payload=st.binary())
def test_no_message_breaks_anything(topic: str, payload: bytes) -> None:
    """Any bytes on any topic are taken in or counted as nonsense, and the stream stays well-formed."""
    gateways = Gateways()
    stream = Stream(gateways.state, buffer=10, queue=10, clients=1)
    Intake(TOPICS, gateways, Services(), stream).take(f"dsmr/home/{topic}", payload)
    for frame in gateways.state(frozenset()):
        assert frame.wire.endswith(b"\n\n")
        assert b"\n\n" not in frame.wire[:-2]
