"""The gateway while WiFi, DNS and broker fail and come back in every order: nothing that it read is lost."""

import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.brokers import Mosquitto
from tests.firmware.core_device import Device, Listener, until
from tests.firmware.names import Names
from tests.firmware.test_core import long_telegram

HOME = [{"ssid": "home", "rssi": -60}]
ORDERS = tuple(itertools.permutations(("wifi", "dns", "broker")))


class House:
    """A gateway, its broker known by name only, and a meter that goes on whatever fails."""

    def __init__(self, device: Device, broker: Mosquitto, names: Names) -> None:
        self.listener = Listener(broker.port)
        self.sent: list[bytes] = []
        self._device = device
        self._broker = broker
        self._names = names
        self._working = {"wifi", "dns", "broker"}

    def fail(self, what: str) -> None:
        """Let one of the three fail."""
        self._working.discard(what)
        if what == "wifi":
            self._device.breathe(networks=[])
        elif what == "dns":
            self._names.address = None
            self._names.silent = len(self.sent) % 2 == 0
        else:
            self.listener.subscribed.clear()
            self._broker.stop()
        self._goes_on()

    def mend(self, what: str) -> None:
        """Let it work again; the gateway is seen to try what still fails, and the listener is back before it is."""
        self._working.add(what)
        if what == "broker":
            self._device.breathe(networks=[])
            self._broker.start()
            assert self.listener.subscribed.wait(20)
        elif what == "dns":
            self._names.address, self._names.silent = "127.0.0.1", False
        if "wifi" in self._working:
            self._device.breathe(networks=HOME)
        asked = self._names.asked
        self._goes_on()
        if "wifi" in self._working and "broker" not in self._working:
            until(lambda: self._names.asked > asked)

    def arrived(self) -> bool:
        """Whether all that was sent has come, in order; a telegram may come twice."""
        return list(dict.fromkeys(self.listener.telegrams)) == self.sent

    def _goes_on(self) -> None:
        """The meter sends a telegram."""
        self.sent.append(long_telegram(160, len(self.sent)))
        self._device.line.send(self.sent[-1])


@pytest.fixture
def house(device: Device, tmp_path: Path) -> Iterator[House]:
    """Give a house in which everything works, its gateway in a hurry."""
    broker = Mosquitto(tmp_path / "broker")
    device.configure(broker.port, broker={"host": "broker.home.arpa"})
    device.hurry()
    with closing(Names()) as names, broker:
        names.address, names.silent = "127.0.0.1", False
        device.air["dns"] = f"127.0.0.1:{names.port}"
        found = House(device, broker, names)
        with closing(found.listener), device:
            until(lambda: found.listener.statuses == ["online"], what=lambda: device.log)
            yield found


@pytest.mark.parametrize("failing", ORDERS, ids="-".join)
def test_failing_in_every_order(house: House, failing: tuple[str, ...]) -> None:
    """All three fail one after the other and come back in each order: every telegram arrives, in the order read."""
    for mending in ORDERS:
        for what in failing:
            house.fail(what)
        for what in mending:
            house.mend(what)
        until(house.arrived, what=lambda: (house.listener.device, len(house.listener.telegrams)))
    assert house.listener.device["counters"]["dropped"] == 0
