"""The console in the process of `meterkast up`."""

import socket
from contextlib import closing, suppress

import pytest
from meterkast.console import chosen, lines
from meterkast.errors import LauncherError
from meterkast_api.settings import ApiSection
from meterkast_console.settings import ConsoleSection, SshSection, TelnetSection

from tests.brokers import free_port

API = "http://127.0.0.1:8080"


def test_a_port_nobody_asked_for_gives_way() -> None:
    """Where 2323 is taken the next free one serves; the console asks the API of the same process."""
    with closing(socket.socket()) as taken:
        with suppress(OSError):  # then another has it, which is as good
            taken.bind(("127.0.0.1", 2323))
            taken.listen()
        given = chosen(ConsoleSection(), ApiSection(), API)
    assert given["telnet"]["port"] > 2323
    assert given["api"] == API
    assert "ssh" not in given


def test_a_port_somebody_asked_for_does_not() -> None:
    """Where the port of the settings is taken the sentence names the setting."""
    port = free_port()
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        section = ConsoleSection(telnet=TelnetSection(port=port))
        with pytest.raises(LauncherError, match=rf"port {port} for the terminal is in use.*\[console.telnet\] port"):
            chosen(section, ApiSection(), API)


def test_who_must_log_in_to_the_page_must_at_the_terminal() -> None:
    """`require_login` of the API holds for the console too: the console's own token opens no way around it."""
    assert chosen(ConsoleSection(), ApiSection(require_login=True), API)["require_login"] is True
    assert chosen(ConsoleSection(), ApiSection(), API)["require_login"] is False
    assert ConsoleSection(require_login=True).asks_login("127.0.0.1")
    assert not ConsoleSection().asks_login("127.0.0.1")
    assert ConsoleSection().asks_login("192.168.1.2")


def test_a_console_that_is_off_asks_for_no_port() -> None:
    """Nothing is chosen and nothing said."""
    off = ConsoleSection(enabled=False)
    assert "telnet" not in chosen(off, ApiSection(), API)
    assert list(lines(off, "attic")) == []


def test_what_is_said_is_what_to_type() -> None:
    """On this computer it is localhost, beyond it the computer's name."""
    section = ConsoleSection(ssh=SshSection(enabled=True, host="0.0.0.0"))
    assert list(lines(section, "attic")) == [
        "  terminal   telnet localhost 2323\n",
        "  terminal   ssh -p 2222 attic\n",
        "  files      ftp://localhost:2121/\n",
    ]
