"""The old paths where reading needs a login: a real token in DSMR-reader's header, and `[compat] open`."""

from meterkast_api.compat.settings import CompatSection

from tests.api.houses import OWNER, house
from tests.brokers import Broker

LIVE = "/api/v2/consumption/electricity-live"


async def test_a_token_of_ours_is_dsmr_readers_key(mosquitto: Broker) -> None:
    """With a token that may read, the old paths answer where they answer nobody else; a wrong key is refused."""
    async with house(mosquitto, caller=OWNER) as before:
        made = await before.client.post("/api/v1/tokens", json={"name": "old program", "scopes": ["read"]})
        token = made.json()["token"]
        await before.send_reading()
    async with house(mosquitto, require_login=True) as here:
        for headers, status in (({}, 401), ({"X-AUTHKEY": "wrong"}, 401)):
            assert (await here.client.get(LIVE, headers=headers)).status_code == status
        for headers in ({"X-AUTHKEY": token}, {"Authorization": f"Token {token}"}):

            async def answered(headers: dict[str, str] = headers) -> bool:
                return (await here.client.get(LIVE, headers=headers)).status_code == 200

            await here.until(answered)


async def test_open_paths_need_no_login(mosquitto: Broker) -> None:
    """`open` lets everybody read the old paths, and none of ours."""
    async with house(mosquitto, require_login=True, compat=CompatSection(open=True)) as here:
        await here.send_reading()
        await here.until_found("/getActual.json")
        assert (await here.get("/compat/home/api/v1/data")).status_code == 200
        assert (await here.get("/api/v1/meters")).status_code == 401
