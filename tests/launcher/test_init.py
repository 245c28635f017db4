"""`meterkast init`: what it asks, makes and says, and what it refuses."""

import os
import pty
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from meterkast.__main__ import app
from meterkast.errors import LauncherError
from meterkast.init import dotenv
from meterkast.init.command import run_init
from meterkast.init.secret_table import SECRETS
from meterkast.init.variables import VARIABLES
from meterkast.init.wishes import Wishes
from typer.testing import CliRunner

from tests.launcher.command import TIMEOUT_S, command, environment, meterkast
from tests.launcher.deployed import ROOT, init, secret

NOBODY = 65534


def settings(folder: Path) -> dict[str, str]:
    """What `.env` says."""
    return dotenv.values((folder / ".env").read_text())


def deploy(directory: Path) -> Path:
    """A checkout with nothing made in it."""
    folder = directory / "deploy"
    folder.mkdir()
    (folder / "compose.yaml").touch()
    return folder


def typed(directory: Path, *answers: str) -> str:
    """Run init at a terminal, give each answer when a question waits; gives the screen."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command("init"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=directory,
        env=environment(directory, {"COLUMNS": "200"}),
        start_new_session=True,
    )
    os.close(slave)
    screen, waiting = b"", list(answers)
    try:
        while chunk := os.read(master, 1000):
            screen += chunk
            if waiting and screen.endswith(b": "):
                os.write(master, f"{waiting.pop(0)}\n".encode())
    except OSError:
        pass  # Linux ends a terminal that nobody holds any more by EIO
    finally:
        os.close(master)
    assert (process.wait(TIMEOUT_S), waiting) == (0, []), screen.decode()
    return screen.decode().replace("\r\n", "\n")


def test_yes_asks_nothing_and_says_what_to_do_next(tmp_path: Path) -> None:
    """In the folder deploy of where it is run: files, the page's password, the gateway's, the next command."""
    folder = deploy(tmp_path)
    result = meterkast("init", "--yes", "--gateway", "esp01", "--store", "influxdb", directory=tmp_path)
    said = result.stdout.decode()
    assert (result.returncode, result.stderr) == (0, b"")
    assert f"Password of the page: {secret(folder, 'web-password')}\n" in said
    assert f"For the gateway esp01: MQTT port 1883, user esp01, password {secret(folder, 'mqtt-gateway-esp01')}" in said
    assert said.endswith(f"Next, in {folder}:\n  docker compose up -d\n")
    assert set(settings(folder)["COMPOSE_PROFILES"].split(",")) == {"influxdb", "grafana"}


def test_a_person_is_asked_at_a_terminal(tmp_path: Path) -> None:
    """A wrong answer is asked again, Enter takes what is proposed, and the password is not shown."""
    folder = deploy(tmp_path)
    chosen = "correct horse"
    screen = typed(
        tmp_path, "Mars", "Europe/Brussels", "Esp01", "esp01", "sqlite", "y", "nas.local", "short", chosen, chosen
    )
    assert "'Mars' is not a time zone" in screen
    assert "'Esp01' is not a gateway name" in screen
    assert "a password has at least 8 characters" in screen
    assert chosen not in screen
    assert secret(folder, "web-password") == chosen
    found = settings(folder)
    assert set(found["COMPOSE_PROFILES"].split(",")) == {"sqlite", "tls"}
    assert (found["TZ"], found["STORE_URL"]) == ("Europe/Brussels", "sqlite:////data/history.sqlite")
    assert "nas.local" in found["HOST_NAMES"]
    assert (folder / "secrets" / "mqtt-gateway-esp01").exists()


def test_enter_at_each_question_is_a_simulated_house(tmp_path: Path) -> None:
    """Which says how to read a meter instead."""
    folder = deploy(tmp_path)
    screen = typed(tmp_path, *[""] * 6) if settings_ask_for_grafana() else typed(tmp_path, *[""] * 5)
    assert "simulator" in settings(folder)["COMPOSE_PROFILES"].split(",")
    assert "A simulated house is read. For a meter: meterkast init --serial" in screen
    assert f"Password of the page: {secret(folder, 'web-password')}" in screen


def settings_ask_for_grafana() -> bool:
    """Where InfluxDB is proposed, Grafana is asked for."""
    return os.uname().machine in {"x86_64", "aarch64", "arm64"}


@pytest.mark.parametrize("has_plugin", [True, False])
def test_with_nothing_but_docker_it_runs_in_a_container(tmp_path: Path, has_plugin: bool) -> None:  # noqa: FBT001
    """deploy/init builds the image where it is missing, tells what a container cannot know, and passes the rest on."""
    folder, programs = deploy(tmp_path), tmp_path / "bin"
    programs.mkdir()
    shutil.copy(ROOT / "deploy" / "init", folder)
    plugin = 'version) exit 0;; *) echo "plugin $*";;' if has_plugin else "*) exit 1;;"
    doubles = {
        "docker": f'case $1 in compose) shift; case $1 in {plugin} esac;; image) exit 1;; *) echo "docker $*";; esac',
        "docker-compose": 'echo "standalone $*"',
        "hostname": 'case $1 in -s) echo nas;; *) echo "192.0.2.7 2001:db8::7";; esac',
    }
    for name, script in doubles.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)

    def lines() -> list[str]:
        path = f"{programs}:{os.environ['PATH']}"
        run = subprocess.run([folder / "init", "--tls"], env={"PATH": path}, capture_output=True, check=True, text=True)
        return run.stdout.splitlines()

    built, run = lines()
    assert built == f"{'plugin' if has_plugin else 'standalone'} --profile tools build tools"
    assert f"--user {os.getuid()}:{os.getgid()} --volume {folder}:{folder} meterkast-tools:latest init {folder}" in run
    assert run.endswith("--host nas --host nas.local --host 192.0.2.7 --address 192.0.2.7 --tls")
    (folder / ".env").write_text("METERKAST_VERSION=1.2.3\n")
    assert lines()[1].endswith(f"meterkast-tools:1.2.3 init {folder} --tls")


def test_the_folder_is_closed_to_others(tmp_path: Path) -> None:
    """Secrets are readable for containers of other users, in a folder that other users of the host cannot enter."""
    folder = init(tmp_path / "deploy", tls=True)
    modes = {
        str(path.relative_to(folder)): f"{stat.S_IMODE(path.stat().st_mode):o}"
        for path in (folder / ".env", *folder.rglob("*"))
    }
    assert modes["secrets"] == modes["certificates"] == "700"
    assert (modes["broker"], modes["backup"]) == ("755", "1777")
    assert {modes[f"secrets/{name}"] for name in SECRETS} == {"444"}
    assert (modes["certificates/broker.key"], modes["certificates/ca.key"]) == ("444", "600")
    assert {modes[f"broker/{name}"] for name in ("passwords", "acl", "tls.conf")} == {"644"}


def test_secrets_are_long_and_no_two_are_the_same(tmp_path: Path) -> None:
    """At least 24 characters that need no quoting anywhere; none looks like an option."""
    folder = init(tmp_path / "deploy", gateways=("esp01",))
    files = list((folder / "secrets").iterdir())
    secrets = {file.read_text() for file in files}
    assert len(secrets) == len(files) == len(SECRETS) + 1
    for one in secrets:
        assert len(one) >= 24
        assert one.replace("-", "").replace("_", "").isalnum()
        assert one[0].isalnum()


def test_every_setting_has_its_comment(tmp_path: Path) -> None:
    """A line above each that says what it is."""
    lines = (init(tmp_path / "deploy") / ".env").read_text().splitlines()
    for variable in VARIABLES:
        (number,) = (place for place, line in enumerate(lines) if line.startswith(f"{variable.name}="))
        assert lines[number - 1].startswith("# ")


def test_all_that_the_containers_are_given_is_made(tmp_path: Path) -> None:
    """Each file of a secret, each mounted folder, and each variable of compose.yaml."""
    compose = ROOT / "deploy" / "compose.yaml"
    if not compose.exists():
        pytest.skip(f"{compose} is missing; get the whole of this repository")
    text = compose.read_text()
    folder = init(tmp_path / "deploy")
    files = [secret["file"] for secret in yaml.safe_load(text)["secrets"].values()]
    assert [file for file in files if not (folder / file).exists()] == []
    assert set(re.findall(r"\$\{([A-Z_]+)", text)) <= set(settings(folder))


@pytest.mark.parametrize(
    ("wishes", "changed"),
    [
        ({"timezone": "Europe/Brussels"}, {"TZ": "Europe/Brussels"}),
        ({"serial": "/dev/ttyUSB1", "serial_name": "shed"}, {"GATEWAY": "shed", "SERIAL_DEVICE": "/dev/ttyUSB1"}),
        ({"address": "192.0.2.7"}, {"HOST_ADDRESS": "192.0.2.7"}),
        ({"store": "sqlite"}, {"COMPOSE_PROFILES": "sqlite", "STORE_URL": "sqlite:////data/history.sqlite"}),
        ({"grafana": False}, {"COMPOSE_PROFILES": "influxdb"}),
        ({"simulator": True}, {"COMPOSE_PROFILES": "grafana,influxdb,simulator"}),
        ({"tls": True}, {"COMPOSE_PROFILES": "grafana,influxdb,tls", "LISTEN": "127.0.0.1", "FTP_PLAINTEXT": "false"}),
    ],
)
def test_an_option_changes_what_it_names(tmp_path: Path, wishes: dict[str, Any], changed: dict[str, str]) -> None:
    """And nothing else of what a person has written into `.env`."""
    folder = init(tmp_path / "deploy", gateways=("esp01",), store="influxdb", timezone="Europe/Amsterdam")
    env = folder / ".env"
    env.write_text(env.read_text() + "# mine\nexport OWN='a b' # c\nWEB_PORT=80\n")
    before = env.read_text().splitlines()
    init(folder, **wishes)
    after = env.read_text().splitlines()
    names = {line.partition("=")[0] for old, line in zip(before, after, strict=True) if old != line}
    assert names >= set(changed)
    assert names <= {*changed, "FTP_CERTIFICATE", "FTP_KEY", "COMPOSE_PROFILES"}
    assert {name: settings(folder)[name] for name in changed} == changed


def test_the_group_of_a_cable_that_is_plugged_in_is_found(tmp_path: Path) -> None:
    """So that the reader's container may open it, whatever the system calls the group."""
    folder = init(tmp_path / "deploy", store="sqlite")
    master, slave = pty.openpty()
    try:
        device = os.ttyname(slave)
        result = CliRunner().invoke(app, ["init", "--yes", "--serial", f"shed={device}", str(folder)])
        assert result.exception is None
        found = settings(folder)
        assert (found["GATEWAY"], found["SERIAL_DEVICE"]) == ("shed", device)
        assert found["SERIAL_GROUP"] == str(Path(device).stat().st_gid)
    finally:
        os.close(master)
        os.close(slave)
    assert "topic write dsmr/shed/telegram\n" in (folder / "broker" / "acl").read_text()


def test_lines_of_a_persons_own_stay(tmp_path: Path) -> None:
    """Users of one's own in the broker's files, and a right added to one of ours."""
    folder = init(tmp_path / "deploy", gateways=("esp01",))
    acl, passwords = folder / "broker" / "acl", folder / "broker" / "passwords"
    acl.write_text(acl.read_text().replace("user esp01\n", "user esp01\ntopic read weather\n") + "user me\ntopic #\n")
    passwords.write_text(passwords.read_text() + "me:$6$old$hash\n")
    init(folder, gateways=("esp02",), rotate=True)
    init(folder, removed=("esp01",))
    assert "user me\ntopic #\n" in acl.read_text()
    assert "me:$6$old$hash\n" in passwords.read_text()
    assert "esp01" not in acl.read_text()
    assert "weather" not in acl.read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--gateway", "Shed"], "'Shed' is not a gateway name: use lower-case letters, digits, '_' and '-'"),
        (["--gateway", "parser"], "parser is the name of one of Meterkast's own parts: choose another name"),
        (["--gateway", "a", "--program", "a"], "a would be a gateway and a program: give them names of their own"),
        (["--remove-gateway", "shed"], "there is no gateway shed: there are: esp01"),
        (["--rotate", "--only", "mqtt-parse"], "there is no secret mqtt-parse: is it mqtt-parser?"),
        (["--rotate", "--only", "influxdb-admin-token"], "influxdb-admin-token cannot be changed from here"),
        (["--only", "mqtt-parser"], "--only says what --rotate changes: add --rotate"),
        (["--timezone", "Mars"], "'Mars' is not a time zone: use a name such as Europe/Amsterdam"),
        (["--serial", "COM3"], "'COM3' is no device: give it as /dev/serial/by-id/… or /dev/ttyUSB0"),
        (["--host", "my nas"], "'my nas' is no host name and no address: give nas.local or 192.168.1.10"),
        (["--prefix", "a/#"], "'a/#' cannot begin a topic"),
        (["--store", "sqlite", "--grafana"], "Grafana needs InfluxDB, and history is kept in SQLite"),
        (["--web-password-file", "-"], "a password has at least 8 characters"),
        (["--web-password-file", "nowhere"], "the password cannot be read from nowhere"),
        (["nowhere"], "there is no folder nowhere: name the one that holds compose.yaml"),
    ],
)
def test_what_cannot_be_is_one_sentence(installed: Path, arguments: list[str], sentence: str) -> None:
    """What is wrong and what to do, and nothing has changed."""
    before = {path: path.read_bytes() for path in installed.rglob("*") if path.is_file()}
    place = () if arguments[0] == "nowhere" else (str(installed),)
    result = CliRunner().invoke(app, ["init", "--yes", *arguments, *place], input="short\n")
    assert isinstance(result.exception, LauncherError)
    assert str(result.exception).startswith(sentence)
    assert "\n" not in str(result.exception)
    assert {path: path.read_bytes() for path in installed.rglob("*") if path.is_file()} == before


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment of one gateway."""
    return init(tmp_path_factory.mktemp("installed") / "deploy", gateways=("esp01",), store="influxdb")


def test_a_folder_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """What a later version has laid out otherwise cannot be completed by this one."""
    folder = init(tmp_path / "deploy")
    env = folder / ".env"
    env.write_text(env.read_text().replace("METERKAST_LAYOUT=1\n", "METERKAST_LAYOUT=2\n"))
    with pytest.raises(LauncherError, match=r"made by a newer Meterkast \(layout 2; this one knows 1\)"):
        init(folder, gateways=("shed",))
    assert not (folder / "secrets" / "mqtt-gateway-shed").exists()


def test_without_a_compose_file_it_says_where_to_go(tmp_path: Path) -> None:
    """Neither here nor in deploy: no secrets are strewn about."""
    result = meterkast("init", "--yes", directory=tmp_path)
    assert result.returncode == 2
    assert b"holds compose.yaml: go to where Meterkast is, or name the folder" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_folder_is_told() -> None:
    """With the path that could not be written."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user to try this: run it as root")
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        os.seteuid(NOBODY)
        try:
            with pytest.raises(LauncherError, match=rf"{place}/secrets cannot be written: Permission denied: make the"):
                run_init(Path(place), Wishes(), ask=False)
        finally:
            os.seteuid(0)
