"""A terminal by telnet, on a real API and a real broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from meterkast_api.firmware.shelf import FOLDER, Shelf
from meterkast_console.settings import SshSection, TelnetSection
from meterkast_runtime.mqtt import MqttSession, MqttSettings
from pydantic import SecretStr, ValidationError

from tests.api.houses import TOPICS, House, house
from tests.brokers import Broker, free_port
from tests.console.consoles import COMPANION, Console, console
from tests.firmware.releases import Workshop

PASSWORD = "correct horse"
TELEGRAM = "".join(f"1-0:1.8.{number}(000000.000*kWh)\r\n" for number in range(40))


@asynccontextmanager
async def _terminal(
    broker: Broker, directory: Path, *, firmware_url: str | None = None, **section: Any
) -> AsyncIterator[tuple[House, Console]]:
    async with (
        house(broker, companion=COMPANION, password=SecretStr(PASSWORD), firmware_url=firmware_url) as home,
        console(str(home.client.base_url), directory, **section) as running,
    ):
        await home.send_reading()
        yield home, running


@asynccontextmanager
async def _orders(broker: Broker) -> AsyncIterator[list[str]]:
    """Topics of the orders that have come."""
    came: list[str] = []
    session = MqttSession(
        MqttSettings(host=broker.host, port=broker.port),
        client_id="gateway",
        subscriptions=(TOPICS.command("+", "+"),),
        persistent=False,
    )

    async def hear() -> None:
        async for message in session.messages():
            came.append(message.topic)
            message.ack()

    async with session:
        await session.wait_connected()
        hearing = asyncio.create_task(hear())
        yield came
        hearing.cancel()


async def test_a_line_per_reading_on_a_dumb_terminal(nats: Broker, tmp_path: Path) -> None:
    """Each reading is one line, in the order in which they came."""
    async with _terminal(nats, tmp_path) as (home, running):
        client = await running.client()
        await client.until("import 424 W")
        for power in (500, 501, 502):
            await home.send_reading(power=power)
            await client.until(f"14:00:00  import {power} W  export 0 W\r\n")
        client.send("q")
        assert (await client.to_end()).endswith("Goodbye.\r\n")


async def test_each_key_has_its_page(nats: Broker, tmp_path: Path) -> None:
    """Every key of the menu but the orders shows something of its own, and any other key the menu."""
    async with _terminal(nats, tmp_path) as (_, running):
        client = await running.client()
        await client.until("import")
        for key, title in {
            "b": "Board and versions",
            "d": "Hours",
            "D": "Days",
            "v": "Every value",
            "L": "Log",
            "s": "Files and space",
            "w": "Connected",
            "h": "Keys",
            "?": "Keys",
        }.items():
            client.send(key)
            await client.until(f"-- {title}")
        client.send("x")
        await client.until("import 424 W")
        client.send("x")
        await client.until("-- Keys")


async def test_raw_telegrams_run_past(nats: Broker, tmp_path: Path) -> None:
    """N shows each telegram as the meter sent it, until the next key."""
    async with _terminal(nats, tmp_path) as (home, running):
        client = await running.client()
        await client.until("import")
        client.send("n")
        await client.until("-- Raw telegrams")
        raw = "/MTK5\\Z1\r\n\r\n1-0:1.7.0(00.424*kW)\r\n!0000\r\n"

        async def seen() -> bool:
            await home.publish(TOPICS.telegram("home"), raw)
            return "1-0:1.7.0(00.424*kW)" in client.heard

        reading = asyncio.create_task(client.until("!0000"))
        await home.until(seen)
        await reading


async def test_an_order_is_asked_about_sent_and_answered(nats: Broker, tmp_path: Path) -> None:
    """R, then y sends one message; anything else none; what was typed ahead of the question is no answer."""
    async with _terminal(nats, tmp_path) as (home, running), _orders(nats) as came:
        client = await running.client()
        await client.until("import")
        client.send("ry")
        await client.until("home restarts: sure? y/n")
        client.send("n")
        await client.until("restart is not sent.")
        client.send("u" + "y" * 5000)
        client.send("b")
        await client.until("-- Board and versions")
        client.send("p")
        await client.until("home purges its log: sure? y/n")
        client.send("y")
        await client.until("purge-log is sent to home: the broker has it.")
        client.send("i")
        await client.until("identify is sent to home")
        await home.until(_true(lambda: len(came) == 2))
        assert came == ["dsmr/home/command/purge-log", "dsmr/home/command/identify"]
        client.send("l")
        await client.until("purge-log was sent from 127.0.0.1.")


async def test_an_update_needs_a_release_and_an_address(nats: Broker, tmp_path: Path) -> None:
    """U sends the newest release; without one, or where no gateway reaches the API, it says what to do instead."""
    async with _terminal(nats, tmp_path) as (_, running), _orders(nats) as came:
        client = await running.client()
        await client.until("import")
        for said in ("meterkast firmware release", "set firmware_url in the section [api]"):
            client.send("u")
            await client.until("home updates its firmware and restarts: sure? y/n")
            client.send("y")
            await client.until("update is not sent.")
            await client.until(said)
            Shelf(nats.directory / FOLDER).put(Workshop.of(tmp_path).release())
        assert came == []
    url = "http://192.168.1.10:8080"
    async with _terminal(nats, tmp_path, firmware_url=url) as (home, running), _orders(nats) as came:
        client = await running.client()
        await client.until("import")
        client.send("u")
        await client.until("sure? y/n")
        client.send("y")
        await client.until("update is sent to home")
        await home.until(_true(lambda: came == ["dsmr/home/command/update"]))


async def test_without_a_token_an_order_needs_the_password(nats: Broker, tmp_path: Path) -> None:
    """The password is asked for once and never shown, the audit log names the owner, and the login ends at the end."""
    async with _terminal(nats, tmp_path, token=None) as (home, running), _orders(nats) as came:
        client = await running.client()
        await client.until("import")
        client.send("i")
        await client.until("This needs the password")
        client.send("wrong\r\n")
        await client.until("This is not the password")
        client.send("i")
        await client.until("This needs the password")
        client.send(f"{PASSWORD}\r\n")
        await client.until("identify is sent to home")
        client.send("r")
        await client.until("sure? y/n")
        client.send("y")
        await client.until("restart is sent to home")
        await home.until(_true(lambda: len(came) == 2))
        client.send("q")
        assert PASSWORD not in await client.to_end()
        async with httpx.AsyncClient(base_url=home.client.base_url) as owner:
            await owner.post("/api/v1/session", json={"password": PASSWORD})

            async def logged_out() -> bool:
                entries = (await owner.get("/api/v1/audit")).json()["entries"]
                return [entry["what"] for entry in entries[:2]].count("logged out") == 1

            await home.until(logged_out)
            entries = (await owner.get("/api/v1/audit")).json()["entries"]
        assert {(entry["who"], entry["what"]) for entry in entries} >= {("owner", "command restart sent")}


async def test_the_console_of_the_same_process_is_named_in_the_audit_log(nats: Broker, tmp_path: Path) -> None:
    """What somebody without a login has ordered stands there as the console's."""
    async with _terminal(nats, tmp_path) as (home, running):
        client = await running.client()
        await client.until("import")
        client.send("i")
        await client.until("identify is sent")
        answer = await home.client.get(
            "/api/v1/audit", headers={"Authorization": f"Bearer {COMPANION.get_secret_value()}"}
        )
        assert [(entry["who"], entry["what"]) for entry in answer.json()["entries"]] == [
            ("console", "command identify sent")
        ]


async def test_a_page_of_a_browser_presses_no_keys(nats: Broker, tmp_path: Path) -> None:
    """A request that a foreign page makes a browser send here ends the session before any key in it counts."""
    async with _terminal(nats, tmp_path) as (home, running), _orders(nats) as came:
        async with httpx.AsyncClient() as browser:
            with pytest.raises(httpx.RemoteProtocolError):
                await browser.post(f"http://127.0.0.1:{running.telnet}/", content="IRy" * 10)
        client = await running.client()
        await client.until("import")
        client.send("i")
        await client.until("is sent")
        await home.until(_true(lambda: came == ["dsmr/home/command/identify"]))


async def test_one_too_many_gets_a_sentence(nats: Broker, tmp_path: Path) -> None:
    """Beyond max_sessions a terminal is told so; when one leaves there is a place again."""
    async with _terminal(nats, tmp_path, max_sessions=1) as (_, running):
        first = await running.client()
        await first.until("import")
        second = await running.client()
        assert "All 1 terminals are in use" in await second.to_end()
        first.send("q")
        await first.to_end()
        third = await running.client()
        await third.until("import")


async def test_who_presses_no_key_is_shown_out(nats: Broker, tmp_path: Path) -> None:
    """After idle_minutes the terminal is closed with a sentence."""
    async with _terminal(nats, tmp_path, idle_minutes=0.01) as (_, running):
        client = await running.client()
        assert "No key was pressed for 0.01 minutes; goodbye." in await client.to_end()


async def test_several_gateways(nats: Broker, tmp_path: Path) -> None:
    """G goes to the next gateway, and orders go to the one that is shown."""
    async with _terminal(nats, tmp_path) as (home, running), _orders(nats) as came:
        await home.send_reading(gateway="shed", power=77)
        client = await running.client()
        await client.until("home  import 424 W")
        client.send("g")
        await client.until("shed  import 77 W")
        client.send("i")
        await client.until("identify is sent to shed")
        client.send("g")
        await client.until("home  import 424 W")
        await home.until(_true(lambda: came == ["dsmr/shed/command/identify"]))


async def test_the_api_goes_and_comes_back(nats: Broker, tmp_path: Path) -> None:
    """A terminal says that the API is gone, stays, and is live again when it is back."""
    port = free_port()
    async with console(f"http://127.0.0.1:{port}", tmp_path) as running:
        client = await running.client()
        await client.until(f"* The API at http://127.0.0.1:{port} does not answer")
        async with house(nats, companion=COMPANION, port=port) as home:
            await home.send_reading(power=1)
            await client.until("import 1 W")
        await client.until("does not answer")
        client.send("d")
        await client.until("does not answer")
        async with house(nats, companion=COMPANION, port=port) as home:
            await client.until("* live")
            await home.send_reading(power=2)
            await client.until("import 2 W")


async def test_fifty_terminals_of_which_ten_never_read(nats: Broker, tmp_path: Path) -> None:
    """Those that read get every reading at once; those that do not are told later how much they have missed."""
    async with _terminal(nats, tmp_path, max_sessions=50) as (home, running):
        clients = [await running.client() for _ in range(40)]
        stuck = [await running.client(receive_buffer=2048) for _ in range(10)]
        await asyncio.gather(*(client.until("import 424 W") for client in clients))
        for client in stuck:
            client.send("n")
        await home.until(_true(lambda: home.service.stream.clients == 1 + len(stuck)))
        for power in range(1000, 1030):
            for number in range(6):
                await home.publish(TOPICS.telegram("home"), f"/MTK5\\Z{number}\r\n\r\n{TELEGRAM}!0000\r\n")
            await home.send_reading(power=power)
            await asyncio.gather(*(client.until(f"import {power // 1000} {power % 1000:03} W") for client in clients))
        stuck[0].send("x")
        await stuck[0].until("updates were skipped: this terminal is slow to take them")
        assert "/MTK5\\Z1" in stuck[0].heard


async def test_a_flood_of_keys_takes_no_time_from_others(nats: Broker, tmp_path: Path) -> None:
    """What sends megabytes of keys has to wait; readings come to others meanwhile."""
    async with _terminal(nats, tmp_path) as (home, running):
        flooding = [await running.client() for _ in range(3)]
        client = await running.client()
        await client.until("import 424 W")
        for one in flooding:
            one.send("hb" * 5_000_000)
        for power in range(100, 110):
            await home.send_reading(power=power)
            await client.until(f"import {power} W")
        assert all(one.unsent > 1_000_000 for one in flooding)


async def test_beyond_this_machine_a_password_is_asked_for(nats: Broker, tmp_path: Path) -> None:
    """Three wrong passwords end the connection, the right one lets in; a login ends with the terminal."""
    async with _terminal(nats, tmp_path, require_login=True) as (_, running):
        client = await running.client()
        for _ in range(3):
            await client.until("user (any): ")
            client.send("me\r\n")
            await client.until("password: ")
            client.send("guess\r\n")
            await client.until("This is not the password")
        assert (await client.to_end()).count("password: ") == 3
        client = await running.client()
        await client.until("user (any): ")
        client.send("me\r\n")
        await client.until("password: ")
        client.send(f"{PASSWORD}x\b\r\n")
        await client.until("import 424 W")
        assert PASSWORD not in client.heard
        client.send("q")
        await client.to_end()


async def test_guessing_is_slowed_down(nats: Broker, tmp_path: Path) -> None:
    """After five wrong passwords the API wants one to wait, however many connections they came by."""
    async with _terminal(nats, tmp_path, require_login=True) as (_, running):
        said = ""
        for _ in range(2):
            client = await running.client()
            client.send("me\r\nguess\r\n" * 3)
            said += await client.to_end()
        assert said.count("This is not the password") == 5
        assert said.count("Too many wrong attempts: wait") == 1


async def test_who_goes_before_the_first_word_leaves_a_place(nats: Broker, tmp_path: Path) -> None:
    """A client that goes during the negotiation takes no place for longer than that."""
    async with _terminal(nats, tmp_path, max_sessions=1) as (home, running):
        for _ in range(3):
            gone = await running.client()
            await gone.close()

            async def let_in() -> bool:
                client = await running.client()
                client.send("q")
                return "Goodbye." in await client.to_end()

            await home.until(let_in)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::"])
def test_telnet_beyond_this_machine_has_to_be_wanted(host: str) -> None:
    """Telnet sends passwords readable: beyond loopback only a setting that says so lets it listen; SSH needs none."""
    with pytest.raises(ValidationError, match=f"telnet on {host} sends the password readable.*plaintext = true"):
        TelnetSection(host=host)
    assert TelnetSection(host=host, plaintext=True).host == host
    assert SshSection(host=host).host == host


async def test_a_port_in_use_is_said_and_leaves_the_other_listener_alone(tmp_path: Path) -> None:
    """Health names the port and the section; SSH serves all the same."""
    blocked = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = blocked.sockets[0].getsockname()[1]
    section = TelnetSection(port=port)
    async with blocked, console("http://127.0.0.1:9", tmp_path, ssh=True, telnet=section) as running:
        assert running.health.message().checks == {"telnet": "failed", "ssh": "listening"}
        detail = running.health.message().detail or ""
        assert f"telnet cannot listen on 127.0.0.1:{port}" in detail
        assert "[console.telnet]" in detail


def _true(condition: Any) -> Any:
    async def holds() -> bool:
        return bool(condition())

    return holds
