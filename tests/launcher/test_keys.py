"""`meterkast password` and `meterkast token`, and the start that needs one of them."""

import asyncio
import io
import os
import pty
import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest
from meterkast.errors import LauncherError
from meterkast.keys import first_code
from meterkast.password import run_password
from meterkast.tokens import listed, make_token, remove_token
from meterkast_api.access.passwords import fits
from meterkast_api.access.scopes import Scope
from meterkast_api.settings import ApiSection, ApiSettings
from meterkast_runtime.errors import StartError

from tests.launcher.command import TIMEOUT_S, command, environment, meterkast

PASSWORD = "correct horse"


def kept(directory: Path) -> str:
    """The hash of the password that was chosen."""
    connection = sqlite3.connect(directory / "api.sqlite")
    try:
        ((hash_,),) = connection.execute("SELECT hash FROM password WHERE origin = 'chosen'").fetchall()
    finally:
        connection.close()
    return str(hash_)


def said(result: subprocess.CompletedProcess[bytes]) -> tuple[int, str]:
    """Exit code and what was said on standard error."""
    return result.returncode, result.stderr.decode()


def typed(directory: Path, *lines: str) -> tuple[int, str]:
    """Run `meterkast password` at a terminal, type the lines as they are asked for; gives code and screen."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command("password", "--data-dir", str(directory)),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=directory,
        env=environment(directory),
        start_new_session=True,
    )
    os.close(slave)
    screen = b""
    waiting = list(zip((b"New password: ", b"The same again: "), lines, strict=True))
    try:
        while chunk := os.read(master, 1000):
            screen += chunk
            if waiting and screen.endswith(waiting[0][0]):
                os.write(master, waiting.pop(0)[1].encode() + b"\n")
    except OSError:
        pass  # Linux ends a terminal that nobody holds any more by EIO
    finally:
        os.close(master)
    return process.wait(TIMEOUT_S), screen.decode()


def test_a_password_comes_from_standard_input(tmp_path: Path) -> None:
    """For scripts: the first line; only its hash is kept."""
    result = meterkast("password", "--data-dir", str(tmp_path), directory=tmp_path, stdin=f"{PASSWORD}\n".encode())
    assert (result.returncode, result.stdout, result.stderr) == (0, b"The password is set.\n", b"")
    assert fits(kept(tmp_path), PASSWORD)


def test_a_password_is_typed_twice_without_being_shown(tmp_path: Path) -> None:
    """Two different ones change nothing."""
    assert typed(tmp_path, PASSWORD, "correct house")[0] == 2
    code, screen = typed(tmp_path, PASSWORD, PASSWORD)
    assert code == 0, screen
    assert "The password is set." in screen
    assert PASSWORD not in screen
    assert fits(kept(tmp_path), PASSWORD)


@pytest.mark.parametrize(
    ("given", "settings_password", "sentence"),
    [
        ("short\n", None, "a password has at least 8 characters: nothing was changed"),
        ("", None, "a password has at least 8 characters: nothing was changed"),
        ("long enough\n", PASSWORD, "the password stands in the settings"),
    ],
)
def test_a_password_that_cannot_be_is_one_sentence(
    tmp_path: Path, given: str, settings_password: str | None, sentence: str
) -> None:
    """What is wrong, and what to do; nothing is kept."""
    settings = ApiSettings(data_dir=tmp_path, api=ApiSection(password=settings_password))
    with pytest.raises(LauncherError, match=sentence):
        run_password(settings, given=io.StringIO(given))
    assert not (tmp_path / "api.sqlite").exists()


def test_a_bad_password_in_the_settings_is_not_shown(tmp_path: Path) -> None:
    """The sentence names the variable and says what is wrong with it."""
    result = meterkast("token", directory=tmp_path, extra={"METERKAST_API__PASSWORD": "hunter2"})
    assert said(result) == (2, "meterkast: METERKAST_API__PASSWORD is wrong: a password has at least 8 characters\n")


def test_tokens_are_made_listed_and_removed(tmp_path: Path) -> None:
    """The secret alone is on standard output, so that a script can take it."""

    def token(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return meterkast("token", *arguments, "--data-dir", str(tmp_path), directory=tmp_path)

    made = token("home-assistant", "--scope", "control")
    secret = made.stdout.decode().strip()
    assert (made.returncode, made.stderr, secret[:3], len(secret)) == (0, b"", "mk_", 46)
    assert secret.encode() not in (tmp_path / "api.sqlite").read_bytes()
    assert token().stdout == b"home-assistant  control, read  never used\n"
    assert token("home-assistant", "--remove").returncode == 0
    assert listed(ApiSettings(data_dir=tmp_path)) == []


def test_a_token_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    """A name that is taken, odd or unknown."""
    settings = ApiSettings(data_dir=tmp_path)
    make_token(settings, "ha", Scope.READ)
    with pytest.raises(LauncherError, match="there is a token ha already: meterkast token ha --remove takes it away"):
        make_token(settings, "ha", Scope.READ)
    with pytest.raises(LauncherError, match="'a/b' cannot name a token"):
        make_token(settings, "a/b", Scope.READ)
    with pytest.raises(LauncherError, match="there is no token shed"):
        remove_token(settings, "shed")


def test_the_network_is_let_in_only_with_a_password(tmp_path: Path) -> None:
    """`up --lan` without one is refused in one sentence that names the ways, before anything is started."""
    data = ("--data-dir", str(tmp_path / "data"))
    code, error = said(meterkast("up", "--lan", *data, directory=tmp_path))
    assert code == 2
    assert error.startswith("meterkast: 0.0.0.0 can be reached by others, and neither a password nor a token is set")
    assert error.count("\n") == 1


def test_consent_lets_the_network_in(tmp_path: Path) -> None:
    """With --insecure all that stops it here is that this port is taken."""
    data = ("--data-dir", str(tmp_path / "data"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, error = said(meterkast("up", "--lan", "--insecure", *data, "--port", port, directory=tmp_path))
    assert code == 2
    assert error.startswith(f"meterkast: port {port} for the web page is in use by")


def test_a_password_or_a_token_lets_the_network_in(tmp_path: Path) -> None:
    """A setup code is told as long as no password is set."""
    beyond = {name: ApiSettings(data_dir=tmp_path / name, api=ApiSection(host="0.0.0.0")) for name in ("a", "b")}
    for settings in beyond.values():
        with pytest.raises(StartError, match="neither a password nor a token is set"):
            asyncio.run(first_code(settings))
    run_password(beyond["a"], given=io.StringIO(PASSWORD))
    assert asyncio.run(first_code(beyond["a"])) is None
    make_token(beyond["b"], "ha", Scope.READ)
    assert asyncio.run(first_code(beyond["b"])) is not None
