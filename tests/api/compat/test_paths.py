"""Which gateway the old paths show, to whom, and that none of a meter's values is forgotten."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from meterkast_api.access.scopes import ANYONE, Caller
from meterkast_api.compat import esp01, homewizard, keys
from meterkast_api.compat.keys import as_bearer
from meterkast_api.compat.reader_fields import reading_object
from meterkast_api.compat.settings import CompatSection
from meterkast_api.problems import ProblemError
from meterkast_contracts.compat.logger_fields import every_field
from meterkast_contracts.compat.reader_fields import gas_of
from meterkast_contracts.messages import Reading

from tests.api.compat.meters import FULL, RECEIVED, ZONE, show
from tests.api.houses import House, house
from tests.brokers import Broker

STRANGER = Caller("stranger", frozenset(), known=False)
COUNTS = {name for name in FULL.values if "failures" in name or "sags" in name or "swells" in name}
NO_FIELD: dict[str, tuple[Callable[[Reading], str], set[str]]] = {
    "esp01": (lambda reading: esp01.actual(reading, ZONE), {"tariff", *COUNTS}),
    "dsmrlogger_api": (lambda reading: str(list(every_field(reading, ZONE))), {"gas_m3"}),
    "homewizard": (lambda reading: homewizard.data(reading, None, ZONE), {"gas_m3"}),
    "dsmr_reader": (
        lambda reading: reading_object(RECEIVED, reading.number, gas_of(reading), ZONE),
        {"gas_m3", "tariff", *COUNTS},
    ),
}
"""Of each API one answer, and the values that the original has no field for; M-Bus meters have their own values."""
SHOWN = ("/getActual.json", "/api/v1/sm/actual", "/api/v1/data", "/api/v2/consumption/electricity-live")


@pytest.mark.parametrize("api", NO_FIELD)
def test_every_value_of_a_full_meter_arrives(api: str) -> None:
    """An answer changes with every value that the original has a field for, and with no other."""
    answer, without = NO_FIELD[api]
    before = answer(FULL)
    still = {name for name, value in FULL.values.items() if answer(_with(name, Decimal(value) + 1)) == before}
    assert still == without


@pytest.mark.parametrize("api", ["dsmrlogger_api", "homewizard", "dsmr_reader"])
def test_an_m_bus_meters_value_arrives(api: str) -> None:
    """Gas is read from the meter's own entry, with its time."""
    answer, _ = NO_FIELD[api]
    (gas,) = FULL.mbus
    assert "1234.567" in answer(FULL)
    changed = FULL.model_copy(update={"mbus": (gas.model_copy(update={"value": Decimal("7.001")}),)})
    assert "7.001" in answer(changed)


async def test_the_first_gateway_by_name_is_shown_and_others_by_their_own_path(mosquitto: Broker) -> None:
    """`/compat/<gateway>` is in front of any old path."""
    async with house(mosquitto) as here:
        await here.send_reading(gateway="shed", power=2)
        await here.send_reading(gateway="attic", power=1)
        for gateway in ("attic", "shed"):
            await here.until_found(f"/compat/{gateway}/getActual.json")
        assert await _power(here, "") == "0.001"
        assert await _power(here, "/compat/shed") == "0.002"
        lost = await here.get("/compat/shd/getActual.json")
        assert lost.status_code == 404
        assert lost.json()["detail"] == "no gateway is called 'shd': did you mean shed?"


async def test_the_settings_name_the_gateway(mosquitto: Broker) -> None:
    """`[compat] gateway` is shown, and waited for where it has sent nothing."""
    async with house(mosquitto, compat=CompatSection(gateway="shed")) as here:
        await here.send_reading(gateway="attic", power=1)
        await here.until_found("/compat/attic/getActual.json")
        assert (await here.get("/getActual.json")).status_code == 503
        await here.send_reading(gateway="shed", power=2)
        await here.until_found("/getActual.json")
        assert await _power(here, "") == "0.002"


async def test_who_may_not_read_is_refused(mosquitto: Broker) -> None:
    """The old paths ask for the scope `read` as ours do."""
    async with house(mosquitto, recognise=lambda _scope: STRANGER) as here:
        for path in SHOWN:
            assert (await here.get(path)).status_code == 401
            assert (await here.get(f"/compat/home{path}")).status_code == 401


async def test_dsmr_readers_key_headers_are_tokens_of_ours(mosquitto: Broker) -> None:
    """`X-AUTHKEY: k` and `Authorization: Token k` are recognised as `Authorization: Bearer k`."""

    def recognise(scope: Any) -> Caller:
        return ANYONE if (b"authorization", b"Bearer s3cret") in scope["headers"] else STRANGER

    async with house(mosquitto, recognise=recognise) as here:
        await here.send_reading()
        path = "/api/v2/consumption/electricity-live"
        good = ({"X-AUTHKEY": "s3cret"}, {"Authorization": "Token s3cret"}, {"Authorization": "Bearer s3cret"})
        await here.until(lambda: _answers(here, path, good[0], 200))
        for headers in good:
            assert await _answers(here, path, headers, 200)
        for headers in ({"X-AUTHKEY": "other"}, {"Authorization": "Basic s3cret"}, {}):
            assert await _answers(here, path, headers, 401)


async def test_a_key_that_is_none_does_not_shut_out_who_may_read_without(mosquitto: Broker) -> None:
    """Some programs cannot leave the key out; a token of ours that is none is refused all the same."""

    def recognise(scope: Any) -> Caller:
        if any(name == b"authorization" for name, _ in scope["headers"]):
            raise ProblemError(401, "unknown-token", "this token is not known")
        return ANYONE

    async with house(mosquitto, recognise=recognise) as here:
        await here.send_reading()
        await here.until_found("/getActual.json")
        path = "/api/v2/consumption/electricity-live"
        assert await _answers(here, path, {"X-AUTHKEY": "wrong"}, 200)
        with pytest.raises(ProblemError):
            keys.recognising(recognise, (), everybody=False)({"headers": [(b"authorization", b"Bearer wrong")]})


def test_a_bearer_token_is_not_replaced_by_a_key() -> None:
    """Where both are given, Authorization counts."""
    scope = {"headers": [(b"authorization", b"Bearer a"), (b"x-authkey", b"b")]}
    assert as_bearer(scope) is scope


async def test_open_lets_everybody_read_the_old_paths_alone(mosquitto: Broker) -> None:
    """Old programs cannot log in; every page may read them then, and ours stay as they were."""
    async with house(mosquitto, recognise=lambda _scope: STRANGER, compat=CompatSection(open=True)) as here:
        await here.send_reading()
        answer = await here.until_found("/getActual.json")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert (await here.get("/api/v1/data")).status_code == 200
        assert (await here.client.post("/getActual.json")).status_code == 405


async def test_no_foreign_page_may_read_unless_open(mosquitto: Broker) -> None:
    """Without the setting no answer is for other origins."""
    async with house(mosquitto) as here:
        await show(here, FULL)
        for path in SHOWN:
            assert "access-control-allow-origin" not in (await here.get(path)).headers


async def _power(here: House, prefix: str) -> str:
    power: str = (await here.get(f"{prefix}/getActual.json")).json()["Power_Delivered"]
    return power


async def _answers(here: House, path: str, headers: dict[str, str], status: int) -> bool:
    answer = await here.client.get(path, headers=headers)
    return bool(answer.status_code == status)


def _with(name: str, value: Decimal) -> Reading:
    return FULL.model_copy(update={"values": {**FULL.values, name: value}})
