"""What `meterkast init` makes, in a real Mosquitto: who comes in, and what each may write and read."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from meterkast import mosquitto_passwords

from tests.brokers import BrokerMissingError
from tests.launcher.deployed import ROOT, Client, Deployed, init

WITNESS = "witness"
ALLOWED, DENIED = True, False

WRITES = [
    ("esp01", "dsmr/esp01/telegram", ALLOWED),
    ("esp01", "dsmr/esp01/telegram/1764100000000", ALLOWED),
    ("esp01", "dsmr/esp01/status", ALLOWED),
    ("esp01", "dsmr/esp01/device", ALLOWED),
    ("esp01", "dsmr/esp02/telegram", DENIED),
    ("esp01", "dsmr/esp02/status", DENIED),
    ("esp01", "dsmr/esp01/reading", DENIED),
    ("esp01", "dsmr/esp01/value/power_import_w", DENIED),
    ("esp01", "dsmr/esp01/command/restart", DENIED),
    ("esp01", "homeassistant/device/x/config", DENIED),
    ("esp01", "meterkast/parser/main/status", DENIED),
    ("esp01", "elsewhere", DENIED),
    ("esp02", "dsmr/esp01/telegram", DENIED),
    ("reader", "dsmr/home/telegram", ALLOWED),
    ("reader", "dsmr/home/telegram/1764100000000", ALLOWED),
    ("reader", "dsmr/simulator/telegram", ALLOWED),
    ("reader", "dsmr/esp01/telegram", DENIED),
    ("reader", "dsmr/home/reading", DENIED),
    ("reader", "meterkast/reader/main/status", ALLOWED),
    ("parser", "dsmr/esp01/reading", ALLOWED),
    ("parser", "dsmr/esp01/obis/1-0:1.7.0", ALLOWED),
    ("parser", "dsmr/esp01/value/power_import_w", ALLOWED),
    ("parser", "dsmr/esp01/rejected", ALLOWED),
    ("parser", "dsmr/esp01/event", ALLOWED),
    ("parser", "homeassistant/device/x/config", ALLOWED),
    ("parser", "dsmr/reading/electricity_delivered_1", ALLOWED),
    ("parser", "DSMR-API/energy_delivered_tariff1", ALLOWED),
    ("parser", "meterkast/parser/main/status", ALLOWED),
    ("parser", "meterkast/history/main/status", DENIED),
    ("parser", "dsmr/esp01/telegram", DENIED),
    ("parser", "dsmr/esp01/command/restart", DENIED),
    ("history", "dsmr/esp01/event", ALLOWED),
    ("history", "meterkast/history/main/status", ALLOWED),
    ("history", "dsmr/esp01/reading", DENIED),
    ("history", "dsmr/esp01/command/restart", DENIED),
    ("api", "dsmr/esp01/command/restart", ALLOWED),
    ("api", "meterkast/api/main/status", ALLOWED),
    ("api", "dsmr/esp01/reading", DENIED),
    ("api", "dsmr/esp01/event", DENIED),
    ("console", "dsmr/esp01/command/restart", ALLOWED),
    ("console", "meterkast/console/main/status", ALLOWED),
    ("console", "dsmr/esp01/reading", DENIED),
    ("homeassistant", "homeassistant/status", ALLOWED),
    ("homeassistant", "homeassistant/device/x/config", DENIED),
    ("homeassistant", "dsmr/esp01/command/restart", ALLOWED),
    ("homeassistant", "dsmr/esp01/command/forget-wifi", DENIED),
    ("telegraf", "dsmr/esp01/value/power_import_w", DENIED),
    ("telegraf", "homeassistant/status", DENIED),
    ("health", "dsmr/esp01/telegram", DENIED),
    ("health", "meterkast/health/main/status", DENIED),
]
READS = [
    ("esp01", "dsmr/esp01/command/restart", ALLOWED),
    ("esp01", "dsmr/esp02/command/restart", DENIED),
    ("esp01", "dsmr/esp01/telegram", DENIED),
    ("esp01", "dsmr/esp02/telegram", DENIED),
    ("esp01", "dsmr/esp01/reading", DENIED),
    ("esp01", "meterkast/parser/main/status", DENIED),
    ("reader", "dsmr/home/command/restart", ALLOWED),
    ("reader", "dsmr/home/device", ALLOWED),
    ("reader", "dsmr/esp01/command/restart", DENIED),
    ("reader", "dsmr/esp01/device", DENIED),
    ("parser", "dsmr/esp01/telegram", ALLOWED),
    ("parser", "dsmr/esp01/telegram/1764100000000", ALLOWED),
    ("parser", "dsmr/esp01/reading", ALLOWED),
    ("parser", "homeassistant/status", ALLOWED),
    ("history", "dsmr/esp01/reading", ALLOWED),
    ("history", "dsmr/esp01/device", ALLOWED),
    ("history", "meterkast/parser/main/status", ALLOWED),
    ("api", "dsmr/esp01/telegram", ALLOWED),
    ("api", "dsmr/esp01/status", ALLOWED),
    ("api", "meterkast/history/main/status", ALLOWED),
    ("api", "elsewhere", DENIED),
    ("homeassistant", "homeassistant/device/x/config", ALLOWED),
    ("homeassistant", "dsmr/esp01/value/power_import_w", ALLOWED),
    ("homeassistant", "dsmr/esp01/status", ALLOWED),
    ("homeassistant", "dsmr/esp01/command/restart", DENIED),
    ("telegraf", "dsmr/esp01/reading", ALLOWED),
    ("telegraf", "dsmr/esp01/telegram", ALLOWED),
    ("telegraf", "meterkast/parser/main/status", ALLOWED),
    ("telegraf", "dsmr/esp01/command/restart", DENIED),
    ("health", "dsmr/esp01/reading", DENIED),
    ("health", "meterkast/parser/main/status", DENIED),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment of two gateways with TLS, and a person's own user beside those of init."""
    place = tmp_path_factory.mktemp("deployment") / "deploy"
    init(place, gateways=("esp01", "esp02"), programs=("telegraf",), tls=True, hosts=("broker.example.org",))
    with (place / "broker" / "acl").open("a") as acl:
        acl.write(f"\nuser {WITNESS}\ntopic readwrite #\n")
    with (place / "broker" / "passwords").open("a") as passwords:
        passwords.write(f"{mosquitto_passwords.password_line(WITNESS, WITNESS)}\n")
    return init(place, gateways=("esp02",), programs=("telegraf",))


@pytest.fixture(scope="module")
def broker(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Its broker."""
    running = Deployed(tmp_path_factory.mktemp("broker"), folder)
    try:
        running.start()
    except BrokerMissingError as missing:
        pytest.skip(str(missing))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def arrived(broker: Deployed) -> dict[str, bytes]:
    """What came of all that was written: payloads `user topic` by themselves."""
    witness = broker.client(WITNESS, WITNESS)
    witness.subscribe("#")
    came: dict[str, bytes] = {}
    for user in dict.fromkeys(row[0] for row in WRITES):
        client = broker.client(user)
        for topic in (row[1] for row in WRITES if row[0] == user):
            client.publish(topic, f"{user} {topic}".encode())
            witness.subscribe("end")
            came[f"{user} {topic}"] = witness.received.pop(topic, b"")
        client.close()
    return came


@pytest.fixture(scope="module")
def delivered(broker: Deployed) -> dict[str, set[str]]:
    """The topics of which something came to each user who subscribed to everything."""
    users = dict.fromkeys(row[0] for row in READS)
    clients = {user: broker.client(user) for user in users}
    for client in clients.values():
        client.subscribe("#")
        client.subscribe("dsmr/#")
    witness = broker.client(WITNESS, WITNESS)
    for topic in dict.fromkeys(row[1] for row in READS):
        witness.publish(topic)
    for client in clients.values():
        client.subscribe("end")
    return {user: set(client.received) for user, client in clients.items()}


@pytest.mark.parametrize(("user", "topic", "allowed"), WRITES)
def test_each_user_writes_its_own_topics_alone(arrived: dict[str, bytes], user: str, topic: str, allowed: bool) -> None:  # noqa: FBT001
    """What may be written arrives, and what may not does not."""
    assert (arrived[f"{user} {topic}"] == f"{user} {topic}".encode()) is allowed


@pytest.mark.parametrize(("user", "topic", "allowed"), READS)
def test_each_user_reads_what_it_may(delivered: dict[str, set[str]], user: str, topic: str, allowed: bool) -> None:  # noqa: FBT001
    """A subscription to everything brings what may be read."""
    assert (topic in delivered[user]) is allowed


@pytest.mark.parametrize(("user", "password"), [("parser", "wrong"), ("nobody", "wrong"), ("esp01", "")])
def test_a_wrong_password_is_refused(broker: Deployed, user: str, password: str) -> None:
    """The answer says that the client is not authorised."""
    assert Client(broker.host, broker.port, user, password).refusal == "Not authorized"


def test_parsers_share_a_subscription(broker: Deployed) -> None:
    """Mosquitto checks the plain topic: the parser's rights are enough, a gateway's are not."""
    clients = [broker.client(user) for user in ("parser", "parser", "esp02")]
    for client, group in zip(clients, ("parser", "parser", "other"), strict=True):
        client.subscribe(f"$share/{group}/dsmr/+/telegram")
    gateway = broker.client("esp01")
    for number in range(6):
        gateway.publish("dsmr/esp01/telegram", str(number).encode())
    for client in clients:
        client.subscribe("end")
    assert [client.count for client in clients] == [3, 3, 0]


def test_a_last_will_needs_the_right_to_write(broker: Deployed) -> None:
    """A gateway's own `offline` comes when it is cut off; one on another's topic does not."""
    witness = broker.client(WITNESS, WITNESS)
    witness.subscribe("dsmr/+/status")
    for topic in ("dsmr/esp02/status", "dsmr/esp01/status"):
        broker.client("esp01", will=topic).cut()
    witness.wait_for("dsmr/esp01/status")
    assert set(witness.received) == {"dsmr/esp01/status"}


def test_nothing_of_a_long_queue_is_dropped(broker: Deployed) -> None:
    """What waits for a history that is down is not counted: Mosquitto's own limit would be 1,000 messages."""
    history = broker.client("history", session="history")
    history.subscribe("dsmr/+/reading", qos=1)
    history.close()
    broker.client("parser").publish_many("dsmr/esp01/reading", (str(number).encode() for number in range(1500)))
    history = broker.client("history", session="history")
    history.wait_for_count(1500)
    assert history.received == {"dsmr/esp01/reading": b"1499"}


def test_the_health_check_means_it(broker: Deployed, folder: Path, tmp_path: Path) -> None:
    """It holds with the secret, and neither with a wrong one nor while the broker stands still."""
    if shutil.which("mosquitto_sub") is None:
        pytest.skip("mosquitto_sub is missing; get it by: apt install mosquitto-clients, or brew install mosquitto")
    (tmp_path / "wrong").write_text("wrong")
    script = (ROOT / "deploy" / "mosquitto" / "health").read_text()
    script = script.replace("mosquitto_sub", f"mosquitto_sub -p {broker.port}").replace("-W 3", "-W 1")

    def healthy(file: Path) -> bool:
        text = script.replace("/run/secrets/mqtt-health", str(file))
        return subprocess.run(["sh", "-c", text], capture_output=True, check=False).returncode == 0

    assert healthy(folder / "secrets" / "mqtt-health")
    assert not healthy(tmp_path / "wrong")
    assert broker.process is not None
    os.kill(broker.process.pid, signal.SIGSTOP)
    try:
        assert not healthy(folder / "secrets" / "mqtt-health")
    finally:
        os.kill(broker.process.pid, signal.SIGCONT)


def test_what_mosquitto_passwd_writes_is_read(tmp_path: Path) -> None:
    """Its lines are ours: the same mark, rounds and lengths; a right one is left as it is."""
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("mosquitto_passwd is missing; get it by: apt install mosquitto, or brew install mosquitto")
    file = tmp_path / "passwords"
    subprocess.run([tool, "-c", "-b", file, "huis", "right"], check=True)
    theirs, ours = file.read_text(), mosquitto_passwords.password_line("huis", "right")
    assert [len(part) for part in theirs.strip().split("$")] == [len(part) for part in ours.split("$")]
    assert theirs.split("$")[:3] == ours.split("$")[:3]
    assert mosquitto_passwords.merged(theirs, {"huis": "right"}) == theirs
    assert mosquitto_passwords.merged(theirs, {"huis": "other"}) != theirs
