"""A release put where the API serves it, announced, and watched until each gateway has it or has not."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog
from meterkast.errors import LauncherError
from meterkast.firmware import releasing
from meterkast.firmware.announcing import Announcement, Outcome
from meterkast.firmware.devices import devices
from meterkast.firmware.logs import messages
from meterkast_api.access.scopes import Caller, Scope
from meterkast_api.firmware.shelf import Shelf
from meterkast_contracts.messages import DeviceInfo
from meterkast_contracts.topics import OFFLINE, ONLINE, Command, Topics
from meterkast_runtime.mqtt import MqttSession, MqttSettings

from tests.api.houses import OWNER, house
from tests.brokers import Broker
from tests.firmware.releases import Workshop

TOPICS = Topics()
URL = "http://192.168.1.10:8080/api/v1/firmware/1.1.0/"


class Gateway:
    """A gateway that answers `update` by what the test says: sentences one after the other, then another version."""

    def __init__(
        self, broker: Broker, name: str, says: Sequence[str], *, version: str = "1.0.0", ends: str = ""
    ) -> None:
        self.name = name
        self.orders: list[bytes] = []
        self._says = says
        self._version = version
        self._ends = ends or version
        settings = MqttSettings(host=broker.host, port=broker.port)
        topics = [TOPICS.command(name, Command.UPDATE)]
        self._session = MqttSession(settings, client_id=name, persistent=False, subscriptions=topics)

    async def _say(self, version: str, update: str | None) -> None:
        info = DeviceInfo(
            gateway=self.name,
            source="esp01",
            version=version,
            uptime_s=9,
            update=update,
            commands=("update",),
            slot="a",
        )
        await self._session.publish(TOPICS.device(self.name), info.to_json(), retain=True)

    async def _listen(self) -> None:
        async for message in self._session.messages():
            message.ack()
            self.orders.append(message.payload)
            for sentence in self._says:
                await self._say(self._version, sentence)
            if self._ends != self._version:
                await self._say(self._ends, f"{self._ends}: installed")

    @asynccontextmanager
    async def running(self, last: str | None = None) -> AsyncIterator["Gateway"]:
        """Be online; `last` is what it says of an earlier update."""
        async with self._session:
            await self._session.wait_connected()
            await self._session.publish(TOPICS.status(self.name), ONLINE, retain=True)
            await self._say(self._version, last)
            task = asyncio.create_task(self._listen())
            yield self
            task.cancel()


async def announced(
    broker: Broker, names: Sequence[str] = (), timeout_s: float = 10
) -> tuple[bool, list[str], Announcement]:
    """Announce 1.1.0; whether all have it, and what was said."""
    said: list[str] = []
    announcement = Announcement("1.1.0", URL, timeout_s, said.append)
    async with devices(MqttSettings(host=broker.host, port=broker.port), names) as heard:
        return await announcement.run(heard, names), said, announcement


async def test_all_gateways_are_told_and_watched_until_they_have_it(mosquitto: Broker) -> None:
    """Each gets the address, what each says is passed on, and it is over when the last one runs the release."""
    says = ("1.1.0: downloading", "1.1.0: trial")
    async with (
        Gateway(mosquitto, "attic", says, ends="1.1.0").running("1.0.0: installed") as attic,
        Gateway(mosquitto, "shed", says, ends="1.1.0").running() as shed,
        Gateway(mosquitto, "new", (), version="1.1.0").running(),
    ):
        well, said, _ = await announced(mosquitto)
    assert well
    assert json.loads(attic.orders[0]) == json.loads(shed.orders[0]) == {"url": URL, "version": "1.1.0"}
    assert "new: has it: runs 1.1.0, slot a" in said
    for line in ("attic: told of 1.1.0", "attic: 1.1.0: trial", "shed: has it: runs 1.1.0, slot a"):
        assert line in said


@pytest.mark.parametrize(
    ("sentence", "outcome"),
    [
        ("1.1.0: rolled back: it restarted", Outcome.ROLLED_BACK),
        ("1.1.0: refused: its signature is not of this key", Outcome.REFUSED),
        ("?: failed: network error 113", Outcome.FAILED),
    ],
)
async def test_a_gateway_that_does_not_take_it_says_why(mosquitto: Broker, sentence: str, outcome: Outcome) -> None:
    """Rolled back, refused or failed ends the watch at once, with the gateway's own sentence."""
    async with Gateway(mosquitto, "shed", ("1.1.0: trial", sentence)).running():
        well, said, announcement = await announced(mosquitto, ["shed"])
    assert not well
    assert announcement.watched["shed"].outcome is outcome
    assert said[-1] == f"shed: {outcome}: {sentence}"


async def test_what_it_said_of_an_earlier_try_is_not_taken_for_the_answer(mosquitto: Broker) -> None:
    """The same release announced again after a roll-back is judged by what comes now."""
    old = "1.1.0: rolled back: it restarted"
    async with Gateway(mosquitto, "shed", (old, "1.1.0: trial"), ends="1.1.0").running(old):
        well, _, _ = await announced(mosquitto, ["shed"])
    assert well


async def test_a_step_is_told_once(mosquitto: Broker) -> None:
    """A gateway that says the same again, as after its restart, makes no second line."""
    async with Gateway(mosquitto, "shed", ("1.1.0: trial", "1.1.0: trial"), ends="1.1.0").running():
        _, said, _ = await announced(mosquitto, ["shed"])
    assert said.count("shed: 1.1.0: trial") == 1


async def test_listening_leaves_the_log_of_the_process_alone(mosquitto: Broker) -> None:
    """Whether and where to log is for the command to say, not for what it calls."""
    before = structlog.get_config()
    async with devices(MqttSettings(host=mosquitto.host, port=mosquitto.port)):
        assert structlog.get_config() == before


async def test_a_gateway_that_says_nothing_is_not_waited_for_for_ever(mosquitto: Broker) -> None:
    """When the time is over it counts as one that has not got it."""
    async with Gateway(mosquitto, "shed", ("1.1.0: downloading",)).running():
        well, said, _ = await announced(mosquitto, ["shed"], timeout_s=1)
    assert not well
    assert said[-1] == "shed: did not answer in time: 1.1.0: downloading"


async def test_who_cannot_be_updated_is_said_before_anything_is_sent(mosquitto: Broker) -> None:
    """A name that nobody has, a gateway that is off, one that is a reader with a cable: a sentence each."""
    async with Gateway(mosquitto, "shed", ()).running() as shed:
        session = shed._session  # noqa: SLF001 - the double's own
        await session.publish(TOPICS.status("cellar"), OFFLINE, retain=True)
        await session.publish(TOPICS.status("home"), ONLINE, retain=True)
        reader = DeviceInfo(gateway="home", source="serial:/dev/ttyUSB0", version="0.1.0", uptime_s=1)
        await session.publish(TOPICS.device("home"), reader.to_json(), retain=True)
        device = DeviceInfo(gateway="cellar", source="esp01", version="1", uptime_s=1, commands=("update",))
        await session.publish(TOPICS.device("cellar"), device.to_json(), retain=True)
        for names, sentence in (
            (["sched"], "the broker knows no gateway sched"),
            (["cellar"], "cellar is offline"),
            (["home"], "home cannot be updated over the air"),
        ):
            with pytest.raises(LauncherError, match=sentence):
                await announced(mosquitto, names)
        assert shed.orders == []


async def test_a_release_is_sent_to_an_api_elsewhere(mosquitto: Broker, tmp_path: Path) -> None:
    """With a token of control; what the API says against it is passed on."""
    release = Workshop.of(tmp_path).release("1.1.0", 2)
    async with house(mosquitto, caller=OWNER) as here:
        url = str(here.client.base_url)
        await asyncio.to_thread(releasing.send, release, url, "mk_token")
        assert (await here.get("/api/v1/firmware")).json()[0]["version"] == "1.1.0"
    async with house(mosquitto, caller=Caller("reader", frozenset({Scope.READ}))) as here:
        with pytest.raises(LauncherError, match="meterkast token firmware --scope control"):
            await asyncio.to_thread(releasing.send, release, str(here.client.base_url), "mk_token")
    with pytest.raises(LauncherError, match="does not answer"):
        releasing.send(release, "http://127.0.0.1:1", "mk_token")


def test_a_release_is_kept_for_the_api_on_this_computer(tmp_path: Path) -> None:
    """In its data folder, whole; another release of the same version is refused."""
    workshop = Workshop.of(tmp_path)
    release = workshop.release()
    folder = releasing.keep(release, tmp_path / "data")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == release.contents
    assert [kept.manifest.version for kept in Shelf(tmp_path / "data" / "firmware").releases()] == ["1.0.0"]
    with pytest.raises(LauncherError, match="--version"):
        releasing.keep(workshop.release("1.0.0", 3), tmp_path / "data")


def test_gateways_are_told_an_address_that_they_can_reach() -> None:
    """Plain HTTP, and not this computer alone; what a person says is believed."""
    served_at = releasing.served_at
    assert served_at("1.1.0", url=None, setting="http://192.168.1.10:8080", api=None) == URL
    assert served_at("1.1.0", url="http://127.0.0.1:1/", setting=None, api=None).startswith("http://127.0.0.1:1/api/")
    for api in (None, "https://home.example.org", "http://localhost:8080", "http://127.0.0.1:8080", "8080"):
        with pytest.raises(LauncherError, match="--url"):
            served_at("1.1.0", url=None, setting=None, api=api)


async def test_logs_show_what_is_new(mosquitto: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    """Online, what it runs, what becomes of an update: a line each."""
    settings = MqttSettings(host=mosquitto.host, port=mosquitto.port)
    async with Gateway(mosquitto, "shed", ("1.1.0: trial",), ends="1.1.0").running():
        listening = asyncio.create_task(messages(settings, ["shed"]))
        said = ""
        async with asyncio.timeout(10), devices(settings, ["shed"]) as heard:
            while "shed: online" not in said:
                await asyncio.sleep(0.05)
                said += capsys.readouterr().out
            await heard.order("shed", Command.UPDATE)
            while "update: 1.1.0: installed" not in said:
                await asyncio.sleep(0.05)
                said += capsys.readouterr().out
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
    assert "shed: runs 1.0.0, slot a" in said
    assert "update: 1.1.0: trial" in said
