"""The client of the REST API, on a real API and a real broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from meterkast_console.errors import ApiAwayError, ApiRefusedError
from meterkast_console.rest import Api, Pass, Pool
from meterkast_console.settings import ConsoleSection
from pydantic import SecretStr, ValidationError

from tests.api.houses import House, house
from tests.brokers import Broker, free_port
from tests.console.consoles import COMPANION

PASSWORD = "correct horse"


@asynccontextmanager
async def _api(home: House, token: SecretStr | None = COMPANION) -> AsyncIterator[Api]:
    async with Pool(str(home.client.base_url)) as pool:
        yield Api(pool, Pass.of_token(token))


async def test_numbers_stay_exact(nats: Broker) -> None:
    """Decimals come through digit for digit."""
    async with house(nats) as home, _api(home, None) as api:
        await home.send_reading()
        await home.until_found("/api/v1/meters/home/actual")
        answer = await api.json("/api/v1/meters/home/actual")
        assert str(answer["energy_import_t1_kwh"]) == "4521.100"
        assert isinstance(answer["energy_import_t1_kwh"], Decimal)


async def test_a_refusal_is_told_in_the_apis_own_words(nats: Broker) -> None:
    """Status, kind and sentence are those of the problem."""
    async with house(nats, companion=COMPANION) as home, _api(home) as api:
        with pytest.raises(ApiRefusedError, match="no gateway is called 'shed'") as refused:
            await api.order("shed", "restart")
        assert (refused.value.status, refused.value.kind) == (404, "unknown-gateway")
        assert refused.value.said.startswith("No gateway is called")


async def test_an_api_that_is_away_is_an_error_of_its_own() -> None:
    """Nobody listens: the error names the address."""
    address = f"http://127.0.0.1:{free_port()}"
    async with Pool(address) as pool:
        with pytest.raises(ApiAwayError, match=address):
            await Api(pool, Pass()).json("/api/v1/meters")


async def test_one_callers_session_never_goes_with_anothers_request(nats: Broker) -> None:
    """Who has logged in may order; who shares the connections and has not may not."""
    async with house(nats, password=SecretStr(PASSWORD)) as home, _api(home, None) as nobody:
        await home.send_reading()
        await home.until_found("/api/v1/meters/home/actual")
        owner = await nobody.log_in(PASSWORD, client="192.0.2.1")
        assert (await owner.json("/api/v1/session"))["name"] == "owner"
        assert "name" not in await nobody.json("/api/v1/session")
        await owner.order("home", "identify")
        with pytest.raises(ApiRefusedError, match="login or a token"):
            await nobody.order("home", "identify")
        await owner.log_out()
        with pytest.raises(ApiRefusedError):
            await owner.order("home", "identify")


async def test_attempts_are_counted_by_the_guests_address(nats: Broker) -> None:
    """Five wrong passwords from one address do not lock out another."""
    async with house(nats, password=SecretStr(PASSWORD)) as home, _api(home, None) as api:
        for _ in range(5):
            with pytest.raises(ApiRefusedError, match="not the password"):
                await api.log_in("guess", client="192.0.2.1")
        with pytest.raises(ApiRefusedError, match="too many wrong attempts") as refused:
            await api.log_in(PASSWORD, client="192.0.2.1")
        assert refused.value.status == 429
        await api.log_in(PASSWORD, client="192.0.2.2")


async def test_the_companions_token_is_known_to_its_own_api_alone(nats: Broker) -> None:
    """An API that was given no companion, or another one, refuses the token; nothing of it is kept."""
    async with house(nats, companion=SecretStr("another")) as home, _api(home) as api:
        with pytest.raises(ApiRefusedError, match="token is not known"):
            await api.json("/api/v1/meters")
    async with house(nats, companion=COMPANION, require_login=True) as home, _api(home) as api:
        assert await api.json("/api/v1/tokens") == []
        assert (await api.json("/api/v1/session"))["scopes"] == ["control", "read"]
    secret = COMPANION.get_secret_value().encode()
    kept = [path for path in nats.directory.glob("api.sqlite*") if secret in path.read_bytes()]
    assert kept == []


async def test_a_pass_is_not_shown() -> None:
    """Neither a token nor a session stands in what is printed of it."""
    assert "hush" not in repr(Pass.of_token(SecretStr("hush")))
    assert "hush" not in repr(Pass({"Cookie": "hush"}))


def test_an_address_is_one_of_http() -> None:
    """Anything else is refused with an example."""
    with pytest.raises(ValidationError, match="use one such as http://"):
        ConsoleSection(api="localhost:8080")
    assert ConsoleSection(api="https://home.example.org/meterkast/").api == "https://home.example.org/meterkast"
