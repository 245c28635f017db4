"""Orders to the gateway: each is answered, wrong ones too, and none of them can lock anybody out."""

import json
from collections.abc import Iterator

import pytest

from tests.brokers import Broker
from tests.firmware.core_device import GATEWAY, Device, Listener, until
from tests.firmware.test_core import telegrams


@pytest.fixture
def listener(device: Device, mosquitto: Broker) -> Iterator[Listener]:
    """Give who listens to a device that runs."""
    device.configure(mosquitto.port)
    device.hurry()
    found = Listener(mosquitto.port)
    device.start()
    until(lambda: found.device)
    yield found
    found.close()


def config(device: Device) -> dict[str, object]:
    """What its settings are."""
    found: dict[str, object] = json.loads((device.flash / "config.json").read_text())
    return found


def test_restart(device: Device, listener: Listener) -> None:
    """A restart is announced, done, and reported once."""
    assert listener.answered("restart") == "restart: restarting"
    known = len(listener.devices)
    device.restarted()
    until(lambda: len(listener.devices) > known)
    assert listener.device["answer"] == "restart: done"
    assert "offline" in listener.statuses
    device.stop()
    device.start()
    until(lambda: "answer" not in listener.device)


def test_update(device: Device, listener: Listener) -> None:
    """An update restarts in that mode with its address."""
    url = "http://10.0.0.2:8080/api/v1/firmware/1.2.0/"
    assert listener.answered("update", json.dumps({"url": url})) == "update: restarting to fetch it"
    device.ended()
    assert (device.state()["mode"], device.state()["order"]) == ("update", {"url": url})


def test_forget_wifi(device: Device, listener: Listener) -> None:
    """Forgetting the network opens the portal and keeps the broker."""
    assert listener.answered("forget-wifi") == "forget-wifi: opening the portal"
    device.ended()
    assert device.state()["mode"] == "portal"
    assert "wifi" not in config(device)
    assert "broker" in config(device)


@pytest.mark.parametrize(
    ("name", "payload", "answer"),
    [
        ("dance", "", "dance: no such order"),
        ("set", "thin=10", "set: refused: no JSON object"),
        ("set", "[]", "set: refused: no JSON object"),
        ("set", "{}", "set: refused: no settings in it"),
        ("set", '{"x": 1}', 'set: refused: no such setting "x"'),
        ("set", '{"wifi": {"ssid": "z"}}', 'set: refused: no such setting "wifi"'),
        ("set", '{"led": 3}', "set: refused: led must be 1, 2 or null"),
        ("set", '{"gateway": "Ä b"}', "set: refused: gateway must be lower-case letters, digits, _ and -"),
        (
            "set",
            '{"broker": {"host": ""}}',
            "set: refused: broker must be an object with host, port, user and password",
        ),
        ("update", "", 'update: refused: it wants {"url": "http://…/"}'),
        ("update", '{"url": "ftp://x/"}', 'update: refused: it wants {"url": "http://…/"}'),
        ("restart", "x" * 5000, "restart: refused: too long"),
        ("identify", "", "identify: blinking for ten seconds"),
    ],
)
def test_answers(listener: Listener, name: str, payload: str, answer: str) -> None:
    """Whatever is ordered is answered."""
    assert listener.answered(name, payload) == answer


def test_retained_orders_are_refused(listener: Listener, device: Device, mosquitto: Broker) -> None:
    """A retained order would restart the device at each of its starts, so it is not carried out."""
    device.stop()
    listener.order("restart", "now", retain=True)
    device.start()
    until(
        lambda: "retained" in str(listener.device.get("answer")), what=lambda: (listener.device, mosquitto.log[-3000:])
    )


def test_set_at_once(listener: Listener, device: Device) -> None:
    """Thinning changes without a restart, and stays."""
    assert listener.answered("set", '{"thin": 10}') == "set: done"
    assert config(device)["thin"] == 10


def test_set_that_works_stays(listener: Listener, device: Device, mosquitto: Broker) -> None:
    """A new name is used after a restart and kept once a telegram has gone out under it."""
    assert listener.answered("set", '{"gateway": "shed"}') == "set: restarting with it"
    shed = Listener(mosquitto.port, "shed")
    device.restarted()
    until(lambda: shed.statuses == ["online"], what=lambda: device.log)
    assert shed.device.get("answer", "set: done") == "set: done"
    assert (device.flash / "config.bak").exists()
    device.line.send(telegrams("nl-dsmr5", 1)[0])
    until(lambda: not (device.flash / "config.bak").exists())
    assert config(device)["gateway"] == "shed"
    shed.close()


def test_forget_is_answered_by_announcing_anew(listener: Listener) -> None:
    """Who was forgotten says again that it is there."""
    known = len(listener.statuses)
    assert listener.answered("forget") == "forget: announcing anew"
    until(lambda: listener.statuses[known:] == ["online"])
    assert listener.device["gateway"] == GATEWAY
