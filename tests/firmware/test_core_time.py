"""What the gateway does of itself after minutes, with a clock that is six hundred times as fast."""

import json

import pytest
from meterkast.firmware.compiling import compiled

from tests.brokers import Broker
from tests.firmware.core_device import Device, Listener, until

HANGS = "def carry_out(gateway, order):\n    while True:\n        pass\n"


def test_trial_without_a_network_gives_up(device: Device) -> None:
    """A release on trial that finds no network for 300 s goes back, and the old one tells why."""
    device.configure(1883)
    (device.flash / "b").symlink_to("a")
    trial = {"slot": "a", "version": "1.0.0", "tries": 0}
    (device.flash / "state.json").write_text(json.dumps({"slot": "b", "trial": trial, "sequence": 0}))
    device.variables["FIRMWARE_CLOCK"] = "600"
    device.air["networks"] = []
    device.start()
    device.ended()
    del device.variables["FIRMWARE_CLOCK"]
    device.start(4)
    until(lambda: device.state()["trial"] is None)
    assert device.state()["slot"] == "b"
    assert device.state()["update"] == "1.0.0: rolled back: not connected yet"


def test_settings_that_find_no_network_go_back(device: Device) -> None:
    """Changed settings that do not prove themselves in 300 s are those from before again."""
    device.configure(1883, thin=7)
    (device.flash / "config.json").rename(device.flash / "config.bak")
    device.configure(1883, thin=9)
    device.variables["FIRMWARE_CLOCK"] = "600"
    device.air["networks"] = []
    device.start()
    device.ended()
    assert json.loads((device.flash / "config.json").read_text())["thin"] == 7
    assert not (device.flash / "config.bak").exists()
    assert str(device.state()["answer"]).startswith("set: went back: ")


def test_hang_ends_in_a_restart(device: Device, mosquitto: Broker) -> None:
    """A loop that stands still for a minute is ended by the timer."""
    source = device.folder / "orders.py"
    source.write_text(HANGS)
    (device.flash / "a" / "orders.mpy").write_bytes(compiled(source))
    device.configure(mosquitto.port)
    device.variables["FIRMWARE_HURRY"] = "100"
    listener = Listener(mosquitto.port)
    device.start()
    until(lambda: listener.device)
    listener.order("identify")
    device.ended()
    assert "RESET FROM AN INTERRUPT" in device.log
    listener.close()


@pytest.mark.parametrize("hurry", ["0", "-1", "fast"])
def test_hurry_is_a_number(device: Device, hurry: str) -> None:
    """A time that cannot be divided so is said at once."""
    device.configure(1883)
    device.variables["FIRMWARE_HURRY"] = hurry
    device.start()
    assert device.process is not None
    assert device.process.wait(20) == 1
    device.process = None
    assert f"FIRMWARE_HURRY is a whole number from 1 on, not {hurry}" in device.log
