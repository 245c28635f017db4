"""ETags: who asks again for what has not changed gets no body."""

from datetime import timedelta

import pytest
from meterkast_api.tags import matches

from tests.api.houses import NOON, TOPICS, house
from tests.brokers import Broker

PATHS = [
    "/api/v1/meters",
    "/api/v1/catalogue",
    "/api/v1/services",
    *(f"/api/v1/meters/home/{part}" for part in ("actual", "telegram", "usage", "power", "events", "rejected")),
]
SPAN = {"from": "2026-03-29", "to": "2026-03-30"}


async def test_what_has_not_changed_is_not_sent_again(mosquitto: Broker) -> None:
    """Every whole answer has a tag, and the same question with it is a 304 without a body."""
    async with house(mosquitto) as here:
        await here.publish(TOPICS.telegram("home"), b"/XMX5\r\n\r\n!0000\r\n")
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        for path in PATHS:
            query = SPAN if path.endswith(("usage", "power", "events")) else {}
            answer = await here.get(path, **query)
            assert answer.status_code == 200, path
            again = await here.client.get(path, params=query, headers={"If-None-Match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b""), path
            assert again.headers["etag"] == answer.headers["etag"]
            assert "content-type" not in again.headers
            assert again.headers["x-content-type-options"] == "nosniff"


async def test_a_change_changes_the_tag(mosquitto: Broker) -> None:
    """A new reading is sent to whoever has the one before."""
    async with house(mosquitto) as here:
        await here.send_reading(power=1)
        before = (await here.until_found("/api/v1/meters/home/actual")).headers["etag"]
        second = await here.send_reading(power=2, at=NOON + timedelta(seconds=1))

        async def changed() -> bool:
            answer = await here.client.get("/api/v1/meters/home/actual", headers={"If-None-Match": before})
            return answer.status_code == 200 and answer.content == second

        await here.until(changed)


async def test_problems_and_streams_have_no_tag(mosquitto: Broker) -> None:
    """Only what can be had again is tagged."""
    async with house(mosquitto) as here:
        assert "etag" not in (await here.get("/api/v1/meters/home/actual")).headers
        assert "etag" not in (await here.client.head("/api/v1/stream")).headers


@pytest.mark.parametrize(
    ("known", "same"),
    [(None, False), ("*", True), ('W/"a"', True), ('"a"', True), ('"b", W/"a"', True), ('W/"b"', False), ("a", False)],
)
def test_tags_are_compared_weakly(known: str | None, *, same: bool) -> None:
    """A list, a star, and a tag that a proxy has made weak or strong are understood."""
    assert matches(known, 'W/"a"') == same
