"""Real clients in real terminals, on a real API and a real broker; their screens are kept in `artefacts/`."""

import asyncio
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from meterkast_console.terminal.ssh_protocol import KEY_FILE, host_key
from meterkast_contracts.messages import Reading
from meterkast_runtime.errors import StartError
from pydantic import SecretStr

from tests.api.houses import TOPICS, House, house
from tests.brokers import Broker
from tests.console.consoles import COMPANION, console
from tests.console.tmux import keep, needs, terminal

PASSWORD = "correct horse"
SSH = "ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
VALUES = {
    "power_import_w": 1648,
    "power_export_w": 0,
    "power_import_l1_w": 1201,
    "power_import_l2_w": 0,
    "power_import_l3_w": 447,
    "power_export_l2_w": 96,
    "voltage_l1_v": Decimal("231.4"),
    "current_l1_a": Decimal("5.21"),
    "demand_import_w": 1312,
    "energy_import_t1_kwh": Decimal("4014.495"),
}


async def _send(home: House, power: int = 1648) -> None:
    now = datetime.now(UTC)
    reading = Reading(
        gateway="home",
        identification="MTK5\\Z1",
        measured_at=now,
        received_at=now + timedelta(milliseconds=100),
        values={**VALUES, "power_import_w": power},
    )
    await home.publish(TOPICS.reading("home"), reading.to_json(), retain=True)
    await home.publish(TOPICS.status("home"), "online", retain=True)


SIZES = ((80, 24), (40, 20), (200, 60))


def _check(screen: str, columns: int, rows: int) -> None:
    lines = screen.split("\n")
    assert len(lines) > rows
    assert lines[0].startswith(" Meterkast home")
    assert lines[1] == lines[rows - 2] == "─" * columns
    assert lines[rows - 1].startswith(" H menu  Q quit")


def _gone(screen: str) -> None:
    assert "Meterkast home" not in screen


async def test_a_telnet_client_at_every_size(nats: Broker, tmp_path: Path) -> None:
    """The block fills a terminal of any size and follows it when that changes, live; Q gives the screen back."""
    needs("tmux", "telnet")
    async with house(nats, companion=COMPANION) as home, console(str(home.client.base_url), tmp_path / "data") as there:
        await _send(home)
        with terminal(tmp_path, f"telnet 127.0.0.1 {there.telnet}") as window:
            for columns, rows in SIZES:
                window.resize(columns, rows)
                await window.until("─" * columns, "1 648 W", "Q quit", "online")
                screen = await window.until_right(partial(_check, columns=columns, rows=rows))
                keep(f"telnet-{columns}x{rows}", screen)
            await _send(home, power=2001)
            await window.until("2 001 W", "█")
            window.press("q")
            await window.until("Goodbye.")
            await window.until_right(_gone)


@pytest.mark.parametrize(("columns", "rows"), SIZES)
async def test_busybox_tells_its_size_when_it_begins(columns: int, rows: int, nats: Broker, tmp_path: Path) -> None:
    """BusyBox's telnet tells its size once; the block fills it."""
    needs("tmux", "busybox")
    async with house(nats, companion=COMPANION) as home, console(str(home.client.base_url), tmp_path / "data") as there:
        await _send(home)
        with terminal(tmp_path, f"busybox telnet 127.0.0.1 {there.telnet}", columns, rows) as window:
            await window.until("─" * columns, "1 648 W", "Q quit", "online")
            keep(f"busybox-{columns}x{rows}", await window.until_right(partial(_check, columns=columns, rows=rows)))


async def test_a_dumb_terminal_gets_lines(nats: Broker, tmp_path: Path) -> None:
    """A terminal that says it is dumb gets a line per reading, in ASCII, and no escape sequence."""
    needs("tmux", "telnet")
    async with house(nats, companion=COMPANION) as home, console(str(home.client.base_url), tmp_path / "data") as there:
        await _send(home)
        with terminal(tmp_path, f"env TERM=dumb telnet 127.0.0.1 {there.telnet}") as window:
            await window.until("import 1 648 W", "L2 -96 W")
            await _send(home, power=3)
            screen = await window.until("import 3 W")
            keep("dumb", screen)
            assert screen.isascii()


async def test_keys_at_a_real_keyboard(nats: Broker, tmp_path: Path) -> None:
    """One press, no Enter: pages, an order with its question, and paging through what does not fit."""
    needs("tmux", "telnet")
    async with house(nats, companion=COMPANION) as home, console(str(home.client.base_url), tmp_path / "data") as there:
        await _send(home)
        with terminal(tmp_path, f"telnet 127.0.0.1 {there.telnet}", rows=12) as window:
            await window.until("1 648 W")
            window.press("h")
            keep("menu", await window.until("board and versions", "space: next page (7 more lines)"))
            window.press("Space")
            await window.until("quit", "arrows: scroll")
            window.press("Space")
            await window.until("1 648 W")
            window.press("r")
            keep("question", await window.until("home restarts: sure? y/n"))
            window.press("y")
            keep("answer", await window.until("restart is sent to home: the broker has it."))
            window.press("l")
            keep("log", await window.until("restart was sent from 127.0.0.1."))
            window.press("Up")
            window.press("Enter")
            await window.until("1 648 W")


async def test_ssh_is_the_same_program(nats: Broker, tmp_path: Path) -> None:
    """Any user comes in by OpenSSH with the password and sees the same, also after a resize; a wrong one stays out."""
    needs("tmux", "ssh")
    secret = SecretStr(PASSWORD)
    async with (
        house(nats, companion=COMPANION, password=secret) as home,
        console(str(home.client.base_url), tmp_path / "data", ssh=True, require_login=True) as there,
    ):
        await _send(home)
        with terminal(tmp_path, f"{SSH} -p {there.ssh} whoever@127.0.0.1") as window:
            await window.until("password:")
            window.press("guess", "Enter")
            await window.until("Permission denied")
            window.press(PASSWORD, "Enter")
            await window.until("1 648 W", "─" * 80)
            window.resize(40, 20)
            keep("ssh-40x20", await window.until("─" * 40, "1 648 W", "Q quit"))
            window.press("w")
            await window.until("ssh", "127.0.0.1", "you")
            window.press("q")
            await window.until("Goodbye.")


async def test_ssh_is_for_terminals_only(nats: Broker, tmp_path: Path) -> None:
    """A command, a tunnel and a copy are refused; on this machine no password is asked for."""
    needs("ssh")
    async with (
        house(nats, companion=COMPANION) as home,
        console(str(home.client.base_url), tmp_path / "data", ssh=True) as there,
    ):

        async def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = (*SSH.split(), "-p", str(there.ssh), *arguments)
            return await asyncio.to_thread(
                subprocess.run,
                command,
                capture_output=True,
                text=True,
                check=False,
                timeout=20,
                stdin=subprocess.DEVNULL,
            )

        refused = await run("x@127.0.0.1", "cat /etc/passwd")
        assert (refused.returncode, refused.stderr.strip()) == (1, "This is a terminal: give no command.")
        tunnel = await run("-W", f"127.0.0.1:{nats.port}", "x@127.0.0.1")
        assert (tunnel.returncode, tunnel.stdout) == (255, "")
        plain = await run("-T", "x@127.0.0.1")
        assert "Meterkast. H shows what the keys do" in plain.stdout


async def test_a_stop_is_said_on_every_terminal(nats: Broker, tmp_path: Path) -> None:
    """Whoever is connected, by telnet or SSH, is told that Meterkast stops, gets the screen back, and is logged out."""
    needs("tmux", "telnet", "ssh")
    (tmp_path / "ssh").mkdir()
    async with house(nats, companion=COMPANION, password=SecretStr(PASSWORD)) as home:
        running = console(str(home.client.base_url), tmp_path / "data", ssh=True, require_login=True)
        there = await running.__aenter__()
        await _send(home)
        with (
            terminal(tmp_path, f"telnet 127.0.0.1 {there.telnet}") as first,
            terminal(tmp_path / "ssh", f"{SSH} -p {there.ssh} me@127.0.0.1") as second,
        ):
            await first.until("user (any):")
            first.press("me", "Enter", PASSWORD, "Enter")
            await second.until("password:")
            second.press(PASSWORD, "Enter")
            await asyncio.gather(first.until("1 648 W"), second.until("1 648 W"))
            await running.__aexit__(None, None, None)
            for window in (first, second):
                assert "1 648 W" not in await window.until("Meterkast stops.")
        owner = {"Authorization": f"Bearer {COMPANION.get_secret_value()}"}
        entries = (await home.client.get("/api/v1/audit", headers=owner)).json()["entries"]
        assert sorted(entry["what"] for entry in entries) == ["logged in"] * 2 + ["logged out"] * 2


async def test_the_host_key_is_made_once(tmp_path: Path) -> None:
    """Clients know the host again after a restart; nobody else may read the key, and a broken one is said."""
    first = await host_key(tmp_path / "new")
    again = await host_key(tmp_path / "new")
    assert first.export_public_key() == again.export_public_key()
    path = tmp_path / "new" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("not a key")
    with pytest.raises(StartError, match=r"ssh_host_key cannot be used.*remove it so that another is made"):
        await host_key(tmp_path / "new")
