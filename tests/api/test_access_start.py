"""Listening beyond this machine, and how often anything may be guessed."""

from typing import Any

import pytest
from meterkast_api.access.attempts import OVERALL, PER_CLIENT, Attempts, Limit
from meterkast_api.problems import ProblemError
from meterkast_api.settings import ApiSection
from meterkast_runtime.errors import StartError
from pydantic import ValidationError

from tests.api.houses import OWNER, house
from tests.brokers import Broker

ELSEWHERE = "192.0.2.1"  # RFC 5737: no machine has it, so that nothing can listen there
UNGUARDED = f"{ELSEWHERE} can be reached by others, and neither a password nor a token is set: set a password by"
CANNOT_LISTEN = f"the api cannot listen on {ELSEWHERE}"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "meterkast.example.org"])
def test_beyond_this_machine_reading_needs_a_login(host: str) -> None:
    """Unless the settings say that everybody may read."""
    assert not ApiSection(host=host).everybody_reads
    assert ApiSection(host=host, insecure=True).everybody_reads


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_on_this_machine_reading_is_open(host: str) -> None:
    """Unless the settings require a login, as behind a proxy that others can reach."""
    assert ApiSection(host=host).everybody_reads
    assert not ApiSection(host=host, require_login=True).everybody_reads


async def test_nothing_listens_beyond_this_machine_without_a_password(mosquitto: Broker) -> None:
    """The start is refused in one sentence that names the ways."""
    with pytest.raises(StartError, match=UNGUARDED) as refused:
        async with house(mosquitto, host=ELSEWHERE):
            pass
    said = str(refused.value)
    assert "\n" not in said
    for way in ("meterkast password", "METERKAST_API__PASSWORD", "meterkast token NAME", "insecure = true"):
        assert way in said


@pytest.mark.parametrize("settings", [{"password": "correct horse"}, {"insecure": True}])
async def test_a_password_or_consent_lets_it_listen(mosquitto: Broker, settings: dict[str, Any]) -> None:
    """It goes on to listen, which this address does not allow."""
    with pytest.raises(StartError, match=CANNOT_LISTEN):
        async with house(mosquitto, host=ELSEWHERE, **settings):
            pass


async def test_a_token_lets_it_listen(mosquitto: Broker) -> None:
    """A container needs no page to be guarded."""
    async with house(mosquitto, caller=OWNER) as here:
        await here.client.post("/api/v1/tokens", json={"name": "ha"})
    with pytest.raises(StartError, match=CANNOT_LISTEN):
        async with house(mosquitto, host=ELSEWHERE):
            pass


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"password": "short"}, "a password has at least 8 characters"),
        ({"insecure": True, "require_login": True}, "set one of them"),
        ({"path_prefix": "meterkast"}, "use one such as /meterkast"),
        ({"path_prefix": "/a b"}, "use one such as /meterkast"),
        ({"trusted_proxies": ["proxy.local"]}, "is no address or network"),
    ],
)
def test_settings_that_cannot_be_are_one_sentence(settings: dict[str, Any], sentence: str) -> None:
    """And a password in them is not shown."""
    with pytest.raises(ValidationError, match=sentence) as refused:
        ApiSection(**settings)
    assert "input_value='short'" not in str(refused.value)
    assert ApiSection(path_prefix="/meterkast/").path_prefix == "/meterkast"


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def refused_for(attempts: Attempts, client: str) -> int:
    """How many seconds the client must wait before this attempt, 0 where it may."""
    try:
        attempts.begin(client)
    except ProblemError as error:
        return int((error.headers or {})["Retry-After"])
    return 0


def test_each_failure_doubles_the_wait() -> None:
    """Five are free; an attempt that is refused does not count, and waiting helps."""
    clock = Clock()
    attempts = Attempts(now=clock)
    assert [refused_for(attempts, "192.0.2.7") for _ in range(5)] == [0] * 5
    for wait in (2, 4, 8, 16):
        assert refused_for(attempts, "192.0.2.7") == wait
        assert refused_for(attempts, "192.0.2.8") == 0, "another client"
        attempts.succeeded("192.0.2.8")
        clock.now += wait
        assert refused_for(attempts, "192.0.2.7") == 0
    clock.now += PER_CLIENT.forgotten_s + 1
    assert [refused_for(attempts, "192.0.2.7") for _ in range(5)] == [0] * 5


def test_many_clients_together_are_slowed_down_too() -> None:
    """Guessing from a thousand addresses is no faster; right ones in between do not count."""
    attempts = Attempts(now=Clock())
    waits = [refused_for(attempts, f"198.51.100.{number}") for number in range(OVERALL.free + 1)]
    assert waits == [0] * OVERALL.free + [2]
    attempts = Attempts(now=Clock())
    for number in range(1000):
        assert refused_for(attempts, f"198.51.{number // 250}.{number % 250}") == 0
        attempts.succeeded(f"198.51.{number // 250}.{number % 250}")


def test_an_ipv6_home_is_one_client() -> None:
    """Its 2⁶⁴ addresses share the five free attempts; an IPv4 address written as IPv6 is itself."""
    attempts = Attempts(now=Clock())
    assert [refused_for(attempts, f"2001:db8:1:2::{number:x}") for number in range(6)] == [0] * 5 + [2]
    assert refused_for(attempts, "2001:db8:1:3::1") == 0
    assert refused_for(attempts, "::ffff:192.0.2.1") == 0


def test_waits_have_an_end() -> None:
    """However often one fails, the wait stays below the longest."""
    limit = Limit(free=2, longest_s=60, forgotten_s=600)
    assert [limit.wait_s(failures) for failures in range(5)] == [0, 0, 2, 4, 8]
    assert limit.wait_s(10**9) == 60
