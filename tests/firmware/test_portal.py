"""The portal: what phones ask, what a person enters, what is tried and saved."""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Broker, BrokerMissingError, BrokerOptions, Mosquitto, free_port
from tests.firmware.portal_air import Names, Port
from tests.firmware.portal_device import Device, evaluated, running

PROBES = {
    "Android": ("connectivitycheck.gstatic.com", "/generate_204"),
    "Android, older": ("clients3.google.com", "/gen_204"),
    "Apple": ("captive.apple.com", "/hotspot-detect.html"),
    "Apple, older": ("www.apple.com", "/library/test/success.html"),
    "Windows 10": ("www.msftconnecttest.com", "/connecttest.txt"),
    "Windows 7": ("www.msftncsi.com", "/ncsi.txt"),
    "Firefox": ("detectportal.firefox.com", "/canonical.html"),
    "Firefox, older": ("detectportal.firefox.com", "/success.txt?ipv4"),
    "somebody's own address": ("example.com", "/"),
}
KNOWN = {
    "gateway": "esp01-dsmr-3f",
    "language": "nl",
    "wifi": {"ssid": "home", "password": "a secret of the WiFi"},
    "broker": {"host": "127.0.0.1", "port": 1, "user": "esp01-dsmr-3f", "password": "a secret of the broker"},
    "led": 2,
    "thin": 10,
    "prefix": "dsmr",
}
SILENT = "192.0.2.1"  # TEST-NET-1 of RFC 5737: nobody is there


@pytest.fixture
def device(portal: Device) -> Device:
    """Give a device on its first start."""
    return portal


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Broker]:
    """Give a Mosquitto that lets in one user."""
    broker = Mosquitto(tmp_path / "broker", BrokerOptions(username="esp01-dsmr-3f", password="pass&word=%é"))
    try:
        broker.start()
    except BrokerMissingError as missing:
        pytest.skip(str(missing))
    yield broker
    broker.stop()


@pytest.mark.parametrize(
    ("password", "security", "key"),
    [(None, 0, None), ("too few", 0, None), ("eight letters", 4, "eight letters")],
    ids=["none", "short", "long enough"],
)
def test_access_point(portal_root: Path, password: str | None, security: int, key: str | None) -> None:
    """The network is named after the MAC's last byte; it is open, or asks for the settings' `portal_password`."""
    answer = evaluated(
        portal_root,
        f"import network, portal; portal.open_access_point({password!r}); it = network.WLAN(network.AP_IF)",
        "(it.active(), it.config('ssid'), it.config('security'), it._it.settings.get('key'))",
    )
    assert answer == (True, "ESP01-DSMR-3F", security, key)


def test_forgotten_network(portal_root: Path) -> None:
    """A forgotten network is forgotten by the chip too, which else would join it by itself after a restart."""
    begin = "import network, wifi; wifi.begin({'wifi': {'ssid': 'home', 'password': 'a secret'}}); wifi.forget()"
    assert evaluated(portal_root, begin, "network.WLAN(network.STA_IF)._it.wanted") == ("", "")


def test_every_probe_leads_to_the_page(device: Device) -> None:
    """Whatever a phone asks to see whether it is on the internet, it is sent to the portal's page."""
    for host, path in PROBES.values():
        status, headers, _ = device.ask("GET", path, Host=host)
        assert (status, headers["Location"]) == (302, f"http://{device.own}/?l=en"), path


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("nl-NL,nl;q=0.9,en;q=0.8", "nl"), ("en-GB", "en"), ("de,nl-BE;q=0.7,en;q=0.3", "nl"), ("fr", "en"), ("", "en")],
)
def test_language(device: Device, accepted: str, language: str) -> None:
    """The page speaks the first of Dutch and English that the browser names, English if it names neither."""
    _, headers, _ = device.ask("GET", "/", Accept_Language=accepted)
    assert headers["Location"].endswith(f"/?l={language}")


def test_what_works_is_saved(device: Device, guarded: Broker) -> None:
    """What was entered and works is saved as the gateway reads it, and the device restarts as a gateway."""
    device.breathe(networks=[{"ssid": 'Café "d\'Oude"', "password": "wacht woord & 1", "joins_after_ms": 100}])
    sent = {"ssid": 'Café "d\'Oude"', "wifi_password": "wacht woord & 1", "user": "esp01-dsmr-3f"}
    assert device.enter(**sent, broker_password="pass&word=%é", port=str(guarded.port), language="nl") == (202, {})
    assert device.outcome() == ("done", "")
    assert device.saved == {
        "gateway": "esp01-dsmr-3f",
        "language": "nl",
        "wifi": {"ssid": 'Café "d\'Oude"', "password": "wacht woord & 1"},
        "broker": {"host": "127.0.0.1", "port": guarded.port, "user": "esp01-dsmr-3f", "password": "pass&word=%é"},
    }
    assert device.ended()


def test_wrong_login_is_told_and_nothing_saved(device: Device, guarded: Broker) -> None:
    """A password that the real broker refuses is called a wrong login, and the settings stay as they were."""
    device.enter(ssid="home", user="esp01-dsmr-3f", broker_password="wrong", port=str(guarded.port))
    assert device.outcome() == ("failed", "broker-login")
    assert device.saved is None


def test_static_address(device: Device, mosquitto: Broker) -> None:
    """A static address is used while trying, and saved; the router serves for DNS where nothing is entered."""
    static = {"address": "127.0.0.9", "netmask": "255.0.0.0", "router": "127.0.0.1"}
    device.enter(ssid="home", port=str(mosquitto.port), **static)
    assert device.outcome() == ("done", "")
    assert device.saved["static"] == {
        "address": "127.0.0.9", "netmask": "255.0.0.0", "gateway": "127.0.0.1", "dns": "127.0.0.1",
    }  # fmt: skip


def test_it_starts_as_a_slot_starts_it(portal_root: Path, tmp_path: Path, mosquitto: Broker) -> None:
    """With the settings, LED and restart of the firmware itself: lit while it serves, then saved and a gateway."""
    record = tmp_path / "record"
    made = Device(root=portal_root, folder=tmp_path / "device", air={"networks": [{"ssid": "home"}]}, driver="whole")
    made.environment = {"FIRMWARE_PINS": str(record)}
    with running(made) as device:
        assert device.json("/settings")["gateway"].startswith("esp01-dsmr-")
        assert device.enter(ssid="home", port=str(mosquitto.port)) == (202, {})
        assert device.outcome() == ("done", "")
        assert device.ended()
    saved = device.saved
    assert (saved["wifi"]["ssid"], saved["broker"]["port"], saved["led"]) == ("home", mosquitto.port, 1)
    assert record.read_text().split()[-2:] == ["1", "0"], "the LED of an ESP-01 is lit when its pin is low"


WIFI = {
    "password": ({"ssid": "home", "password": "another one"}, "wifi-password"),
    "absent": ({"ssid": "of the neighbours"}, "wifi-absent"),
    "refused": ({"ssid": "home", "password": "right one", "refuses": True}, "wifi-refused"),
    "silent": ({"ssid": "home", "password": "right one", "address": None}, "wifi-silent"),
}


@pytest.mark.parametrize("name", WIFI)
def test_why_the_network_fails(device: Device, name: str) -> None:
    """A wrong password, a network that is not there, one that refuses, and one without address are told apart."""
    network, why = WIFI[name]
    device.breathe(networks=[network])
    device.enter(ssid="home", wifi_password="right one")
    assert device.outcome() == ("failed", why)
    assert device.saved is None


BROKERS: dict[str, tuple[bytes | None, str]] = {
    "version": (b"\x20\x02\x00\x01", "broker-version"),
    "name refused": (b"\x20\x02\x00\x02", "broker-id"),
    "not available": (b"\x20\x02\x00\x03", "broker-away"),
    "wrong login": (b"\x20\x02\x00\x04", "broker-login"),
    "not allowed": (b"\x20\x02\x00\x05", "broker-login"),
    "unknown refusal": (b"\x20\x02\x00\x77", "broker-not-mqtt"),
    "web server": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "broker-not-mqtt"),
    "hangs up": (b"", "broker-closed"),
    "silent": (None, "broker-not-mqtt"),
}


def test_why_the_broker_fails(device: Device) -> None:
    """Each way in which what sits at the broker's port fails has its own reason."""
    for name, (answer, why) in BROKERS.items():
        with Port(answer) as port:
            device.enter(ssid="home", port=str(port.number))
            assert device.outcome() == ("failed", why), name
    device.enter(ssid="home", port=str(free_port()))
    assert device.outcome() == ("failed", "broker-refused")
    assert device.saved is None


class Failing:
    """A house in which WiFi, DNS and broker fail one after the other, as told, and work in between."""

    def __init__(self, device: Device, broker: Broker, names: Names) -> None:
        self.device = device
        self.broker = broker
        self.names = names

    def wifi(self) -> str:
        self.device.breathe(networks=[])
        return "wifi-absent"

    def dns(self) -> str:
        self.names.known = {}
        return "broker-name"

    def login(self) -> str:
        return "broker-login"

    def mend(self) -> None:
        self.device.breathe(networks=[{"ssid": "home"}])
        self.names.known = {"broker.home.arpa": "127.0.0.1"}

    def attempt(self, *, password: str = "pass&word=%é") -> tuple[str, str]:
        sent = {"host": "broker.home.arpa", "port": str(self.broker.port), "user": "esp01-dsmr-3f"}
        assert self.device.enter(ssid="home", broker_password=password, **sent)[0] == 202
        return self.device.outcome()


@pytest.mark.parametrize("order", list(itertools.permutations(("wifi", "dns", "login"))), ids="-".join)
def test_failing_in_every_order(device: Device, guarded: Broker, order: tuple[str, ...]) -> None:
    """WiFi, DNS and broker may fail in any order: each is named, nothing is saved before all of them work."""
    with Names() as names:
        device.breathe(dns=names.address)
        house = Failing(device, guarded, names)
        for what in order:
            house.mend()
            why = getattr(house, what)()
            tried = house.attempt(password="wrong") if what == "login" else house.attempt()
            assert tried == ("failed", why)
            assert device.saved is None
        house.mend()
        assert house.attempt() == ("done", "")
        assert device.saved["broker"]["host"] == "broker.home.arpa"
        assert device.ended()


RIGHT = {"ssid": "home", "gateway": "a", "host": "b", "port": "1"}
MISTAKES = [
    ({"ssid": ""}, {"ssid": "ssid"}),
    ({"ssid": "é" * 17}, {"ssid": "ssid"}),
    ({"ssid": "a\nb"}, {"ssid": "letters"}),
    ({"wifi_password": "seven.."}, {"wifi_password": "key"}),
    ({"wifi_password": "z" * 64}, {"wifi_password": "key"}),
    ({"gateway": "Home"}, {"gateway": "gateway"}),
    ({"gateway": "-home"}, {"gateway": "gateway"}),
    ({"gateway": "a" * 33}, {"gateway": "gateway"}),
    ({"host": ""}, {"host": "missing"}),
    ({"host": "mqtt://b"}, {"host": "host"}),
    ({"host": "b..c"}, {"host": "host"}),
    ({"host": "192.168.1.256"}, {"host": "address"}),
    ({"port": "0"}, {"port": "port"}),
    ({"port": "65536"}, {"port": "port"}),
    ({"port": "mqtt"}, {"port": "port"}),
    ({"broker_password": "x"}, {"user": "missing"}),
    ({"user": "u" * 65}, {"user": "long"}),
    ({"address": "192.168.1"}, {"address": "address", "netmask": "address", "router": "address"}),
    ({"address": "192.168.1.0", "netmask": "255.255.255.0", "router": "192.168.1.1"}, {"address": "address"}),
    ({"address": "192.168.1.255", "netmask": "255.255.255.0", "router": "192.168.1.1"}, {"address": "address"}),
    ({"address": "192.168.1.20", "netmask": "255.0.255.0", "router": "192.168.1.1"}, {"netmask": "netmask"}),
    ({"address": "192.168.1.20", "netmask": "255.255.255.0", "router": "192.168.2.1"}, {"router": "router"}),
    ({"address": "192.168.1.20", "netmask": "255.255.255.0", "router": "192.168.1.20"}, {"router": "router"}),
]


def test_every_mistake_has_its_field(device: Device) -> None:
    """Each field that cannot be right is named before anything is tried; sound ones are not."""
    for fields, found in MISTAKES:
        assert device.enter(**{**RIGHT, **fields}) == (400, {"errors": found}), fields
    assert device.json("/state") == {"stage": "idle", "why": ""}


def test_networks(device: Device) -> None:
    """The list has each name once, the strongest sixteen, strongest first; hidden ones are entered by name."""
    air = [{"ssid": f"n{number}", "rssi": -40 - number, "password": "x"} for number in range(20)]
    air += [{"ssid": "n3", "rssi": -30}, {"ssid": "of the cellar", "hidden": True}, {"ssid": '"</script>', "rssi": -35}]
    device.breathe(networks=air)
    listed = device.json("/networks")
    assert listed[:4] == [["n3", -30, 0], ['"</script>', -35, 0], ["n0", -40, 1], ["n1", -41, 1]]
    assert len(listed) == 16
    device.breathe(scan=False)
    assert device.json("/networks") == listed
    assert device.json("/networks?again") == []


class TestWithSettings:
    """A device that has settings, whose network is gone."""

    @pytest.fixture
    def away(self, portal_root: Path, tmp_path: Path) -> Iterator[Device]:
        """Give one whose old network is not in the air."""
        made = Device(root=portal_root, folder=tmp_path, air={"networks": []}, settings=KNOWN, pace=80)
        with running(made) as device:
            yield device

    def test_it_leaves_when_the_network_is_back(self, away: Device) -> None:
        """It tries the old network again and again, and restarts as a gateway when that is back, settings untouched."""
        away.breathe(networks=[KNOWN["wifi"]])
        assert away.ended()
        assert away.saved == KNOWN

    def test_it_does_not_leave_somebody_at_the_page(self, away: Device) -> None:
        """As long as somebody is at the page, the radio searches for no network that would throw the phone out."""
        away.json("/state")
        time.sleep(0.3)  # what it has begun is over
        away.json("/state")
        away.breathe(networks=[KNOWN["wifi"]])
        deadline = time.monotonic() + 1.5  # two minutes at this pace
        while time.monotonic() < deadline:
            away.json("/state")
            time.sleep(0.05)
        assert away.process is not None
        assert away.process.poll() is None

    def test_no_secret_is_shown(self, away: Device) -> None:
        """The form begins with the old settings, never with a password."""
        shown = away.json("/settings")
        assert (shown["ssid"], shown["user"], shown["keptWifi"], shown["keptBroker"]) == (
            "home",
            "esp01-dsmr-3f",
            True,
            True,
        )
        assert "secret" not in json.dumps(shown)

    def test_passwords_left_empty_stay(self, away: Device, mosquitto: Broker) -> None:
        """A password left empty is the old one, other settings stay as they were."""
        away.stop()
        away.settings = {**KNOWN, "broker": {**KNOWN["broker"], "port": mosquitto.port}}  # type: ignore[dict-item]
        away.start()
        away.breathe(networks=[KNOWN["wifi"]])
        away.enter(ssid="home", gateway="shed", port=str(mosquitto.port), user="esp01-dsmr-3f", language="nl")
        assert away.outcome() == ("done", "")
        assert away.saved == {**away.settings, "gateway": "shed"}

    def test_an_old_password_goes_to_no_other_broker(self, away: Device) -> None:
        """Whoever is at the page cannot have the old password sent to a broker of his own."""
        away.breathe(networks=[KNOWN["wifi"]])
        with Port(b"\x20\x02\x00\x05") as port:
            away.enter(ssid="home", port=str(port.number), user="esp01-dsmr-3f")
            away.outcome()
            assert b"esp01-dsmr-3f" in port.heard
            assert b"secret" not in port.heard


HOSTILE: dict[str, tuple[bytes, bytes]] = {
    "nothing": (b"", b""),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n", b"HTTP/1.1 400"),
    "half a line": (b"GET /", b""),
    "half a head": (b"GET / HTTP/1.1\r\nHost: x\r\n", b""),
    "endless line": (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n", b"HTTP/1.1 400"),
    "endless header": (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", b"HTTP/1.1 431"),
    "too many headers": (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 4000 + b"\r\n", b"HTTP/1.1 431"),
    "long but sound header": (b"GET / HTTP/1.1\r\nCookie: " + b"a" * 3000 + b"\r\n\r\n", b"HTTP/1.1 302"),
    "other method": (b"BREW / HTTP/1.1\r\n\r\n", b"HTTP/1.1 501"),
    "large body": (b"POST /try HTTP/1.1\r\nContent-Length: 90000\r\n\r\n" + b"a" * 9000, b"HTTP/1.1 413"),
    "endless length": (b"POST /try HTTP/1.1\r\nContent-Length: 9" + b"9" * 100 + b"\r\n\r\n", b"HTTP/1.1 413"),
    "negative length": (b"POST /try HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"HTTP/1.1 400"),
    "chunked": (b"POST /try HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", b"HTTP/1.1 400"),
    "half a body": (b"POST /try HTTP/1.1\r\nContent-Length: 50\r\n\r\nssid=", b""),
    "binary path": (b"GET /\xff\xfe HTTP/1.1\r\n\r\n", b"HTTP/1.1 302"),
    "header without colon": (b"GET / HTTP/1.1\r\nnonsense\r\n\r\n", b"HTTP/1.1 302"),
}


def test_hostile_requests(device: Device) -> None:
    """Whatever is sent gets a fitting answer or none, and the next phone is served as ever."""
    for name, (sent, begin) in HOSTILE.items():
        with device.socket() as sock:
            sock.sendall(sent)
            if begin:
                assert sock.recv(100).startswith(begin), name
    forms = (b"ssid=%zz", b"ssid=%ff", b"ssid", b"=&=&==", b"ssid=%", b"&" * 1000, b"\x00" * 1400)
    for form in forms:
        assert device.ask("POST", "/try", form.decode("latin-1"))[0] == 400, form
    assert device.ask("POST", "/try", "ssid=home", Origin="http://evil.example")[0] == 403
    assert device.ask("GET", "/try")[0] == 403
    assert device.json("/state")["stage"] == "idle"


def test_a_phone_among_open_connections(device: Device) -> None:
    """Eight connections that say nothing, or a letter now and then, do not keep a phone from the page for long."""
    idle = [device.socket() for _ in range(8)]
    idle[3].sendall(b"GET /")
    before = time.monotonic()
    status, _, body = device.ask("GET", "/?l=nl")
    assert (status, body[:2]) == (200, b"\x1f\x8b")
    assert time.monotonic() - before < 10
    for sock in idle:
        sock.close()


def test_a_slow_phone(device: Device) -> None:
    """A phone that reads the page by the byte gets it whole, while others are served."""
    with device.socket(receives=1) as slow:
        slow.sendall(f"GET /?l=en HTTP/1.1\r\nHost: {device.own}\r\n\r\n".encode())
        got = b""
        while len(got) < 2000:
            got += slow.recv(100)
        assert device.json("/state")["stage"] == "idle"
        whole = device.ask("GET", "/?l=en")[2]
        while not got.endswith(whole):
            got += slow.recv(4096) or pytest.fail("it was cut off")


def test_memory_does_not_grow(device: Device) -> None:
    """After a thousand requests the heap holds what it held after ten, less than a fragment more or less."""

    def some(times: int, most: int = 0) -> int:
        for number in range(times):
            asked: tuple[Callable[[], Any], ...] = (
                lambda: device.ask("GET", "/generate_204", Host="example.com"),
                lambda: device.ask("GET", "/?l=nl"),
                lambda: device.json("/state"),
                lambda: device.json("/settings"),
                lambda: device.json("/networks?again"),
                lambda: device.enter(ssid=""),
                lambda: device.ask("GET", "/" + "x" * 150),
            )
            asked[number % len(asked)]()
        settled = time.monotonic() + 1.5  # the last connections linger for a second
        held = device.live_bytes()
        while held > most and time.monotonic() < settled:
            held = min(held, device.live_bytes())
        return held

    few = some(14)
    many = some(1000, few)
    print(f"live after 14 requests {few}, after 1014 {many} bytes")  # noqa: T201
    assert abs(many - few) <= 256


def test_two_at_once(device: Device) -> None:
    """While one attempt runs, a second one is refused and the first goes on."""
    device.breathe(networks=[{"ssid": "home", "joins_after_ms": 700}])
    answers = []
    senders = [threading.Thread(target=lambda: answers.append(device.enter(ssid="home", port="1"))) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(status for status, _ in answers) == [202, 409]
    assert device.outcome() == ("failed", "broker-refused")
