"""`meterkast init` a second time: what changes and what does not, and a broker that runs meanwhile."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from meterkast import mosquitto_passwords
from meterkast.errors import LauncherError
from meterkast.init import folder as folders
from meterkast.init.plan import Plan, planned
from meterkast.init.secret_table import SECRETS, broker_users
from meterkast.init.wishes import Wishes

from tests.brokers import BrokerMissingError
from tests.launcher.deployed import Deployed, init, secret
from tests.launcher.test_init_tls import NOW
from tests.pipeline.home import eventually


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file with its time of change and its bytes, every folder with its time."""
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*")
    }


def complete(folder: Path) -> bool:
    """Whether each secret is there, and the broker lets in by each of them."""
    found = folders.found(folder)
    secrets = {
        path.removeprefix("secrets/"): data.decode() for path, data in found.items() if path.startswith("secrets/")
    }
    lines = {line.partition(":")[0]: line for line in found["broker/passwords"].decode().splitlines()}
    users = broker_users(secrets)
    acl = found["broker/acl"].decode()
    return (
        set(SECRETS) <= set(secrets)
        and set(lines) == set(users)
        and all(mosquitto_passwords.fits(lines[user], password) for user, password in users.items())
        and all(f"user {user}\n" in acl for user in users)
        and b"METERKAST_VERSION=" in found[".env"]
    )


def stopped(folder: Path, plan: Plan, *, after: int) -> None:
    """The folder as a run leaves it that is killed when so many files stand in their place."""
    folders.prepare(folder)
    folders.change(folder, dict(list(plan.writes.items())[:after]), plan.removes if after else ())
    (folder / "secrets" / "mqtt-parser.unfinished").write_text("half of a secr")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Deployed]:
    """A running broker of one gateway."""
    folder = init(tmp_path / "deploy", gateways=("esp01",))
    running = Deployed(tmp_path / "broker", folder)
    try:
        running.start()
    except BrokerMissingError as missing:
        pytest.skip(str(missing))
    yield running
    running.stop()


@pytest.mark.parametrize("tls", [False, True])
def test_a_second_run_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str], tls: bool) -> None:  # noqa: FBT001
    """Not a byte and no time of change, of files and of folders; it says so."""
    wishes = {"gateways": ("esp01",), "tls": tls, "store": "influxdb", "timezone": "Europe/Brussels"}
    folder = init(tmp_path / "deploy", **wishes)
    before = state(folder)
    capsys.readouterr()
    for again in ({}, wishes):
        init(folder, **again)
        assert capsys.readouterr().out == f"Nothing to do: {folder} is complete.\n"
    (folder / "compose.yaml").unlink()
    before.pop(str(folder / "compose.yaml"))
    after = state(folder)
    after.pop(str(folder / "compose.yaml"), None)
    assert after == before


def test_what_is_missing_is_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A secret, a right and a setting of a newer version come beside what is there."""
    folder = init(tmp_path / "deploy")
    (folder / "secrets" / "influxdb-grafana").unlink()
    acl, env = folder / "broker" / "acl", folder / ".env"
    acl.write_text(acl.read_text().replace("topic read homeassistant/#\n", "", 1) + "# the end\n")
    env.write_text(env.read_text().replace("GRAFANA_PORT=3000\n", "").replace("WEB_PORT=8080", "WEB_PORT=80  "))
    kept = secret(folder, "influxdb-writer")
    capsys.readouterr()
    init(folder)
    assert len(secret(folder, "influxdb-grafana")) >= 24
    assert acl.read_text().count("topic read homeassistant/#\n") >= 4
    assert acl.read_text().rstrip().endswith("# the end")
    assert "GRAFANA_PORT=3000\n" in env.read_text()
    assert "WEB_PORT=80  \n" in env.read_text()
    assert secret(folder, "influxdb-writer") == kept
    said = capsys.readouterr().out
    assert "influxdb-grafana" in said
    assert "mqtt-parser" not in said


@pytest.mark.parametrize("rotates", [False, True])
def test_a_killed_run_is_completed_by_the_next(tmp_path: Path, rotates: bool) -> None:  # noqa: FBT001
    """After any of its steps, the first time and in a rotation."""
    begin = init(tmp_path / "whole", gateways=("esp01",), tls=True) if rotates else None
    found = folders.found(begin) if begin else {}
    wishes = Wishes(gateways=("esp01",), tls=True, rotate=rotates)
    steps = len(planned(found, wishes, now=NOW).writes)
    assert steps > 15
    for after in (*range(0, steps - 6, 3), *range(steps - 6, steps + 1)):
        folder = tmp_path / str(after)
        folder.mkdir()
        if found:
            folders.prepare(folder)
            folders.change(folder, found, ())
        stopped(folder, planned(found, wishes, now=NOW), after=after)
        init(folder, tls=True, gateways=("esp01",))
        assert complete(folder), after
        assert not list(folder.rglob("*.unfinished"))


def test_what_a_killed_first_run_made_is_said_by_the_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Passwords that nobody has seen yet."""
    folder = tmp_path / "deploy"
    folder.mkdir()
    plan = planned({}, Wishes(gateways=("esp01",)), now=NOW)
    stopped(folder, plan, after=len(plan.writes) - 1)
    init(folder)
    said = capsys.readouterr().out
    assert plan.secrets["web-password"] in said
    assert plan.secrets["mqtt-gateway-esp01"] in said


def test_folders_that_docker_has_made_for_missing_files_give_way(tmp_path: Path) -> None:
    """As happens to whoever starts the containers first; what Docker left open is closed to others."""
    folder = tmp_path / "deploy"
    (folder / "secrets" / "web-password").mkdir(parents=True)
    (folder / "certificates" / "broker.pem").mkdir(parents=True)
    init(folder, tls=True)
    assert complete(folder)
    assert (folder / "certificates" / "broker.pem").is_file()
    assert {oct((folder / name).stat().st_mode & 0o777) for name in ("secrets", "certificates")} == {"0o700"}


def test_one_run_at_a_time(tmp_path: Path) -> None:
    """A second one, meanwhile, is told so and changes nothing."""
    folder = init(tmp_path / "deploy")
    with folders.held(folder), pytest.raises(LauncherError, match=rf"another meterkast init works in {folder}"):
        init(folder, gateways=("shed",))
    assert not (folder / "secrets" / "mqtt-gateway-shed").exists()


def test_a_killed_removal_is_completed_by_the_same_again(tmp_path: Path) -> None:
    """The secret is gone first; the user goes with the next run."""
    folder = init(tmp_path / "deploy", gateways=("esp01", "esp02"))
    plan = planned(folders.found(folder), Wishes(removed=("esp01",)), now=NOW)
    folders.change(folder, {}, plan.removes)
    init(folder, removed=("esp01",))
    assert complete(folder)
    assert "esp01" not in (folder / "broker" / "acl").read_text() + (folder / "broker" / "passwords").read_text()
    assert "user esp02\n" in (folder / "broker" / "acl").read_text()


def test_a_new_gateway_comes_in_while_the_broker_runs(broker: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    """What init says is enough, and the others stay connected; a removed one is refused."""
    others = broker.client("esp01")
    capsys.readouterr()
    init(broker.folder, gateways=("shed",))
    said = capsys.readouterr().out
    assert f"user shed, password {secret(broker.folder, 'mqtt-gateway-shed')}" in said
    assert "docker compose kill -s HUP mosquitto" in said
    hang_up(broker)
    assert broker.client("shed").refusal is None
    others.publish("dsmr/esp01/telegram")
    password, removed = secret(broker.folder, "mqtt-gateway-shed"), broker.client("shed")
    init(broker.folder, removed=("shed",))
    hang_up(broker)
    assert broker.client("shed", password).refusal == "Not authorized"
    eventually(lambda: not removed.is_connected or None, what="the end of its connection")
    assert others.is_connected


def test_a_rotation_lets_in_by_the_new_password_alone(broker: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    """And what the broker holds stays: retained messages and queues of sessions."""
    old = {name: secret(broker.folder, name) for name in SECRETS}
    broker.client("parser").publish("dsmr/esp01/reading", b"kept", retain=True)
    capsys.readouterr()
    init(broker.folder, rotate=True)
    new = {name: secret(broker.folder, name) for name in SECRETS}
    assert {name for name in SECRETS if old[name] == new[name]} == {"influxdb-admin-token"}
    said = capsys.readouterr().out
    assert "docker compose restart influxdb mosquitto api console grafana history parser\n" in said
    assert "docker compose exec -T influxdb /docker-entrypoint-initdb.d/meterkast.sh" in said
    assert "grafana cli admin reset-admin-password" in said
    assert new["web-password"] in said
    broker.restart()
    assert broker.client("parser", old["mqtt-parser"]).refusal == "Not authorized"
    history = broker.client("history")
    history.subscribe("dsmr/+/reading")
    assert history.wait_for("dsmr/esp01/reading") == b"kept"


def test_what_runs_no_more_is_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Compose would leave the container of a profile that is gone as it is."""
    folder = init(tmp_path / "deploy", store="influxdb")
    capsys.readouterr()
    init(folder, serial="/dev/ttyUSB0", store="sqlite")
    steps = [line.strip() for line in capsys.readouterr().out.splitlines() if "docker compose" in line]
    assert steps == ["docker compose rm --stop --force influxdb grafana simulator", "docker compose up -d"]


def test_one_secret_can_be_changed_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And only what reads it starts anew."""
    folder = init(tmp_path / "deploy")
    old = {name: secret(folder, name) for name in SECRETS}
    capsys.readouterr()
    init(folder, rotate=True, only=("mqtt-history",))
    assert {name for name in SECRETS if old[name] != secret(folder, name)} == {"mqtt-history"}
    assert capsys.readouterr().out.endswith("  docker compose restart mosquitto history\n")


def hang_up(broker: Deployed) -> None:
    """Let it read its files anew, and wait until it has."""
    before = broker.log.count("Reloading config.")
    assert broker.process is not None
    os.kill(broker.process.pid, signal.SIGHUP)
    eventually(lambda: broker.log.count("Reloading config.") > before or None, what="the broker's reading anew")
