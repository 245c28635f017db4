"""`meterkast password` and `meterkast token`, and the start that needs one of them."""

import os
import pty
import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest
from meterkast_api.access.passwords import fits

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
    ("given", "extra", "sentence"),
    [
        (b"short\n", {}, "a password has at least 8 characters: nothing was changed"),
        (b"", {}, "a password has at least 8 characters: nothing was changed"),
        (b"long enough\n", {"METERKAST_API__PASSWORD": PASSWORD}, "the password stands in the settings"),
    ],
)
def test_a_password_that_cannot_be_is_one_sentence(
    tmp_path: Path, given: bytes, extra: dict[str, str], sentence: str
) -> None:
    """Exit code 2, what is wrong, what to do."""
    result = meterkast("password", "--data-dir", str(tmp_path), directory=tmp_path, stdin=given, extra=extra)
    code, error = said(result)
    assert code == 2
    assert error.startswith(f"meterkast: {sentence}")
    assert error.count("\n") == 1


def test_a_bad_password_in_the_settings_is_not_shown(tmp_path: Path) -> None:
    """The sentence names the variable and says what is wrong with it."""
    result = meterkast("token", directory=tmp_path, extra={"METERKAST_API__PASSWORD": "hunter2"})
    assert said(result) == (2, "meterkast: METERKAST_API__PASSWORD is wrong: a password has at least 8 characters\n")


def test_tokens_are_made_listed_and_removed(tmp_path: Path) -> None:
    """The secret alone is on standard output, so that a script can take it."""

    def token(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return meterkast("token", *arguments, "--data-dir", str(tmp_path), directory=tmp_path)

    assert token().stdout == b"There are no tokens.\n"
    made = token("home-assistant", "--scope", "control")
    secret = made.stdout.decode().strip()
    assert (made.returncode, made.stderr, secret[:3], len(secret)) == (0, b"", "mk_", 46)
    assert secret.encode() not in (tmp_path / "api.sqlite").read_bytes()
    assert token().stdout == b"home-assistant  control, read  never used\n"
    assert said(token("home-assistant")) == (
        2,
        "meterkast: there is a token home-assistant already: meterkast token home-assistant --remove takes it away\n",
    )
    assert said(token("a/b"))[1].startswith("meterkast: 'a/b' cannot name a token")
    assert token("home-assistant", "--remove").returncode == 0
    assert said(token("home-assistant", "--remove"))[0] == 2


def test_the_network_is_let_in_only_with_a_password(tmp_path: Path) -> None:
    """`up --lan` without one is refused in one sentence that names the ways, before anything is started."""
    data = ("--data-dir", str(tmp_path / "data"))
    code, error = said(meterkast("up", "--lan", *data, directory=tmp_path))
    assert code == 2
    assert error.startswith("meterkast: 0.0.0.0 can be reached by others, and neither a password nor a token is set")
    assert error.count("\n") == 1


@pytest.mark.parametrize("way", ["password", "token", "--insecure"])
def test_a_password_a_token_or_consent_lets_the_network_in(tmp_path: Path, way: str) -> None:
    """What stops it then is only that this port is taken."""
    data = ("--data-dir", str(tmp_path / "data"))
    if not way.startswith("-"):
        name = ("ha",) if way == "token" else ()
        assert meterkast(way, *name, *data, directory=tmp_path, stdin=b"correct horse\n").returncode == 0
    consent = (way,) if way.startswith("-") else ()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, error = said(meterkast("up", "--lan", *consent, *data, "--port", port, directory=tmp_path))
    assert code == 2
    assert error.startswith(f"meterkast: port {port} for the web page is in use by")
