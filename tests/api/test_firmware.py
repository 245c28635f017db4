"""Releases of firmware: taken in with control, listed to readers, served to whoever asks."""

import asyncio
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from meterkast_api.access.scopes import STRANGER, Caller, Scope
from meterkast_api.firmware.bare_orders import BareOrders
from meterkast_api.firmware.release import Release, ReleaseError
from meterkast_api.firmware.shelf import Shelf
from meterkast_contracts.firmware import MANIFEST, SIGNATURE, Manifest, ManifestError, update_of
from meterkast_contracts.topics import Command

from tests.api.houses import OWNER, TOPICS, House, house
from tests.api.test_commands import gateway_at
from tests.brokers import Broker
from tests.firmware.releases import Workshop, key

BASE = "/api/v1/firmware"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A signed release 1.0.0."""
    return Workshop.of(tmp_path_factory.mktemp("workshop")).release()


def public(folder: Path, *, other: bool = False) -> Path:
    """A public key in a file."""
    signer = generate_private_key(public_exponent=65537, key_size=2048) if other else key()
    file = folder / "trusted.pem"
    file.write_bytes(signer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return file


async def put(here: House, release: Release, version: str = "1.0.0") -> int:
    """Upload it; the status."""
    answer = await here.client.put(
        f"{BASE}/{version}", content=release.to_tar(), headers={"Content-Type": "application/x-tar"}
    )
    return answer.status_code


async def test_a_release_is_taken_in_listed_and_served_as_it_is(mosquitto: Broker, release: Release) -> None:
    """What comes out is byte for byte what went in, with its length and a tag by which nothing is sent twice."""
    async with house(mosquitto, caller=OWNER, firmware_key=public(mosquitto.directory)) as here:
        assert (await here.get(BASE)).json() == []
        assert await put(here, release) == 201
        assert await put(here, release) == 200
        listed = (await here.get(BASE)).json()
        assert [(one["version"], one["sequence"], one["files"]) for one in listed] == [
            ("1.0.0", 1, ["page.html.gz", "start.mpy"])
        ]
        for name, data in release.contents.items():
            answer = await here.client.get(f"{BASE}/1.0.0/{name}", headers={"Accept-Encoding": "identity"})
            assert answer.content == data
            assert answer.headers["content-length"] == str(len(data))
            again = await here.client.get(f"{BASE}/1.0.0/{name}", headers={"If-None-Match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")


async def test_a_stranger_may_fetch_files_and_nothing_else(mosquitto: Broker, release: Release) -> None:
    """A gateway has no login; the list, and putting or removing a release, need one."""
    async with house(mosquitto, caller=OWNER) as here:
        assert await put(here, release) == 201
    async with house(mosquitto, caller=STRANGER) as here:
        assert (await here.get(f"{BASE}/1.0.0/{MANIFEST}")).status_code == 200
        assert (await here.get(BASE)).status_code == 401
        assert await put(here, release) == 401
        assert (await here.client.delete(f"{BASE}/1.0.0")).status_code == 401
    async with house(mosquitto, caller=Caller("reader", frozenset({Scope.READ}))) as here:
        assert (await here.get(BASE)).status_code == 200
        assert await put(here, release) == 403


@pytest.mark.parametrize(
    "path",
    [
        "1.0.0/other.mpy",
        "2.0.0/manifest.json",
        "1.0.0/..%2F..%2Fapi.sqlite",
        "..%2F/api.sqlite",
        ".1.0.0/start.mpy",
        "1.0.0/.hidden",
        "1.0.0/start.mpy%00",
    ],
)
async def test_nothing_but_files_of_releases_can_be_reached(mosquitto: Broker, release: Release, path: str) -> None:
    """Neither other files of the data folder, nor half a release that is being written."""
    async with house(mosquitto, caller=OWNER) as here:
        assert await put(here, release) == 201
        assert (await here.get(f"{BASE}/{path}")).status_code in (404, 405, 422)


async def test_what_is_no_whole_and_trusted_release_is_refused(mosquitto: Broker, release: Release) -> None:
    """A missing, changed or further file, another signature, another version, no archive: each said in a sentence."""
    files = dict(release.contents)
    cases: dict[str, dict[str, bytes]] = {
        "there is no manifest.sig": {name: data for name, data in files.items() if name != SIGNATURE},
        "start.mpy stands in the manifest and is not there": {n: d for n, d in files.items() if n != "start.mpy"},
        "its SHA-256 differs": files | {"start.mpy": files["start.mpy"][:-1] + b"\0"},
        "extra.mpy: not in the manifest": files | {"extra.mpy": b"x"},
        "is no signature": files | {SIGNATURE: b"short"},
        "signed with another key": files | {SIGNATURE: bytes(256)},
        "the manifest is no JSON": files | {MANIFEST: b"{"},
        "sorted keys": files | {MANIFEST: files[MANIFEST] + b"\n"},
    }
    async with house(mosquitto, caller=OWNER, firmware_key=public(mosquitto.directory)) as here:
        for sentence, contents in cases.items():
            archive = Release(release.manifest, contents).to_tar()
            answer = await here.client.put(f"{BASE}/1.0.0", content=archive)
            assert answer.status_code == 422, sentence
            assert sentence in answer.json()["detail"]
        assert (await here.client.put(f"{BASE}/1.0.0", content=b"no tar")).status_code == 422
        assert await put(here, release, "1.0.1") == 422
        assert (await here.client.put(f"{BASE}/1.0.0", content=bytes(600_000))).status_code == 413
        assert (await here.get(BASE)).json() == []


async def test_another_key_is_not_trusted(mosquitto: Broker, release: Release) -> None:
    """With a key configured, only its owner's releases are taken."""
    async with house(mosquitto, caller=OWNER, firmware_key=public(mosquitto.directory, other=True)) as here:
        assert await put(here, release) == 422


async def test_a_version_is_never_another_release(mosquitto: Broker, tmp_path: Path, release: Release) -> None:
    """What gateways may have heard of is not changed under its name; removed, the name is free again."""
    other = Workshop.of(tmp_path).release("1.0.0", sequence=2)
    async with house(mosquitto, caller=OWNER) as here:
        assert await put(here, release) == 201
        assert await put(here, other) == 409
        assert (await here.client.delete(f"{BASE}/1.0.0")).status_code == 204
        assert (await here.client.delete(f"{BASE}/1.0.0")).status_code == 404
        assert (await here.get(f"{BASE}/1.0.0/{MANIFEST}")).status_code == 404
        assert await put(here, other) == 201


async def test_an_order_names_the_release_by_its_address(mosquitto: Broker, release: Release) -> None:
    """`update` with a version carries the URL below which the gateway finds the release."""
    async with (
        house(mosquitto, caller=OWNER, firmware_url="http://192.168.1.10:8080/") as here,
        gateway_at(mosquitto) as gateway,
    ):
        await gateway.wait_connected()
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        order = "/api/v1/meters/home/command/update"
        missing = await here.client.post(order, json={"version": "1.0.0"})
        assert (missing.status_code, missing.json()["type"]) == (404, "urn:meterkast:problem:unknown-release")
        assert await put(here, release) == 201
        assert (await here.client.post(order, json={"version": "1.0.0"})).status_code == 202
        async with asyncio.timeout(10):
            message = await anext(aiter(gateway.messages()))
        assert message.topic == TOPICS.command("home", "update")
        assert json.loads(message.payload) == {
            "url": "http://192.168.1.10:8080/api/v1/firmware/1.0.0/",
            "version": "1.0.0",
        }


BASE_URL = "http://192.168.1.10:8080"
NEWEST = {"url": f"{BASE_URL}/api/v1/firmware/1.1.0/", "version": "1.1.0"}


async def test_an_order_without_a_version_names_the_newest(mosquitto: Broker, tmp_path: Path, release: Release) -> None:
    """By REST, as the console's key sends it: the release with the highest sequence, and none where there is none."""
    async with house(mosquitto, caller=OWNER, firmware_url=BASE_URL) as here, gateway_at(mosquitto) as gateway:
        await gateway.wait_connected()
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        order = "/api/v1/meters/home/command/update"
        missing = await here.client.post(order)
        assert (missing.status_code, missing.json()["known"]) == (404, [])
        assert "meterkast firmware release" in missing.json()["detail"]
        assert await put(here, Workshop.of(tmp_path).release("1.1.0", 2), "1.1.0") == 201
        assert await put(here, release) == 201
        assert (await here.client.post(order)).status_code == 202
        async with asyncio.timeout(10):
            message = await anext(aiter(gateway.messages()))
        assert json.loads(message.payload) == NEWEST


async def test_a_bare_order_on_the_bus_is_followed_by_one_that_names_the_newest(
    mosquitto: Broker, tmp_path: Path, release: Release
) -> None:
    """So that a button of Home Assistant updates; what names a release is let be."""
    topic = TOPICS.command("home", Command.UPDATE)
    async with house(mosquitto, caller=OWNER, firmware_url=BASE_URL) as here, gateway_at(mosquitto) as gateway:
        await gateway.wait_connected()
        messages = aiter(gateway.messages())
        assert await put(here, release) == 201
        assert await put(here, Workshop.of(tmp_path).release("1.1.0", 2), "1.1.0") == 201
        await here.publish(topic, b'{"url": "http://10.0.0.1/"}')
        await here.publish(topic, b"")
        async with asyncio.timeout(10):
            heard = [(await anext(messages)).payload for _ in range(3)]
        assert heard[:2] == [b'{"url": "http://10.0.0.1/"}', b""]
        assert json.loads(heard[2]) == NEWEST


async def test_a_gateway_is_never_sent_where_it_cannot_go(mosquitto: Broker, release: Release) -> None:
    """Asked for at localhost or by HTTPS, the order is refused and says what to set; at an address it takes that."""
    async with house(mosquitto, caller=OWNER) as here:
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        assert await put(here, release) == 201
        order = "/api/v1/meters/home/command/update"

        async def status(**headers: str) -> int:
            answer = await here.client.post(order, json={"version": "1.0.0"}, headers=headers)
            assert answer.status_code == 202 or "firmware_url" in answer.json()["detail"]
            return answer.status_code

        assert await status() == 409
        assert await status(Host="localhost") == 409
        assert await status(**{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "192.168.1.10"}) == 409
        assert await status(**{"X-Forwarded-Host": "192.168.1.10:8080"}) == 202


async def test_settings_travel_with_the_order_set(mosquitto: Broker) -> None:
    """`set` carries its settings as JSON, nothing else does, and neither is an order without them."""
    async with house(mosquitto, caller=OWNER) as here, gateway_at(mosquitto) as gateway:
        await gateway.wait_connected()
        await here.send_reading()
        await here.until_found("/api/v1/meters/home/actual")
        orders = "/api/v1/meters/home/command"
        assert (await here.client.post(f"{orders}/{Command.SET}")).status_code == 422
        assert (await here.client.post(f"{orders}/restart", json={"settings": {"thin": 5}})).status_code == 422
        assert (await here.client.post(f"{orders}/restart", json={"version": "1.0.0"})).status_code == 422
        long = {"settings": {"prefix": "x" * 600}}
        assert (await here.client.post(f"{orders}/set", json=long)).status_code == 422
        assert (await here.client.post(f"{orders}/set", json={"settings": {"thin": 5, "led": 2}})).status_code == 202
        async with asyncio.timeout(10):
            message = await anext(aiter(gateway.messages()))
        assert json.loads(message.payload) == {"thin": 5, "led": 2}


def test_a_bare_order_is_none_of_ours_without_an_address(tmp_path: Path) -> None:
    """Without `firmware_url` the API does not listen to orders: nobody could tell a gateway where to fetch."""
    orders = BareOrders(TOPICS, Shelf(tmp_path), None)
    assert orders.subscriptions() == ()
    assert not orders.of(TOPICS.command("home", Command.UPDATE))


def test_a_manifest_says_what_a_slot_can_hold(release: Release) -> None:
    """Names that leave the folder, twice the same, no start, too much for a slot: none of them is a manifest."""
    good = release.manifest.model_dump()
    entry = {"name": "start.mpy", "size": 1, "sha256": "0" * 64}
    for files in (
        [{**entry, "name": "../x.mpy"}],
        [{**entry, "name": "manifest.json"}],
        [entry, entry],
        [{**entry, "name": "other.mpy"}],
        [{**entry, "size": 200_000}],
        [],
    ):
        with pytest.raises(ManifestError):
            Manifest.from_bytes(json.dumps({**good, "files": files}, sort_keys=True, separators=(",", ":")).encode())
    with pytest.raises(ReleaseError):
        Release.of({})


def test_an_update_sentence_is_taken_apart() -> None:
    """Version, state and reason; anything else is no such sentence."""
    assert update_of("1.2.0: rolled back: no MQTT within 300 s") == ("1.2.0", "rolled back", "no MQTT within 300 s")
    assert update_of("1.2.0: installed") == ("1.2.0", "installed", "")
    assert update_of("all is well") is None
    assert update_of(None) is None
