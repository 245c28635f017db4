"""The station: it joins, notices what is lost, joins again; and the gateway's page of its status."""

import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import free_port
from tests.firmware.portal_device import Device, running

HOME = {"ssid": "home", "password": "right one", "joins_after_ms": 20, "rssi": -61}
SETTINGS = {"wifi": {"ssid": "home", "password": "right one"}}


@pytest.fixture
def station(portal_root: Path, tmp_path: Path) -> Iterator[Device]:
    """Give a gateway whose network is in the air."""
    with running(made(portal_root, tmp_path)) as device:
        yield device


def made(root: Path, folder: Path, **more: Any) -> Device:
    """A gateway's station, its page, and its name in the network."""
    fields: dict[str, Any] = {
        "air": {"networks": [HOME]},
        "settings": SETTINGS,
        "driver": "live",
        "more": (free_port(),),
    }
    return Device(root=root, folder=folder, **{**fields, **more})


def become(device: Device, *, up: bool, reason: str) -> Any:
    """Wait until the station is as told; return all it said then."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        said = json.loads(device.line())
        if said[:2] == [up, reason]:
            return said
    raise AssertionError(said)


def test_it_joins(station: Device) -> None:
    """Once joined it knows address, signal and DNS server, was never away, and has closed the portal's network."""
    assert become(station, up=True, reason="") == [True, "", "127.0.0.1", -61, "127.0.0.1", 0, False, 0]


def test_static_address(portal_root: Path, tmp_path: Path) -> None:
    """A static address is the one it has, with its own DNS server or else the router's."""
    static = {"address": "127.0.0.5", "netmask": "255.0.0.0", "gateway": "127.0.0.1", "dns": "127.0.0.53"}
    with running(made(portal_root, tmp_path, settings={**SETTINGS, "static": static})) as device:
        assert become(device, up=True, reason="")[2:5] == ["127.0.0.5", -61, "127.0.0.53"]


TROUBLE: dict[str, list[dict[str, Any]]] = {
    "absent": [],
    "password": [{**HOME, "password": "a new one"}],
    "refused": [{**HOME, "refuses": True}],
    "silent": [{**HOME, "address": None}],
}


@pytest.mark.parametrize("order", list(itertools.permutations(TROUBLE, 3)), ids="-".join)
def test_it_comes_back_from_every_trouble(portal_root: Path, tmp_path: Path, order: tuple[str, ...]) -> None:
    """However the network fails, and in any order, the station says why, counts the loss, and is there again after."""
    with running(made(portal_root, tmp_path)) as station:
        become(station, up=True, reason="")
        for number, reason in enumerate(order, start=1):
            station.breathe(networks=TROUBLE[reason])
            lost = become(station, up=False, reason=reason)
            assert (lost[2], lost[3], lost[5]) == (None, None, number)
            station.breathe(networks=[HOME])
            assert become(station, up=True, reason="")[5:] == [number, False, 0]


class TestPage:
    """The gateway's page of its status."""

    def test_it_tells_what_is_known(self, station: Device) -> None:
        """The page comes whole, and behind it what the gateway publishes of itself and the last telegram's age."""
        status, headers, body = station.ask("GET", "/")
        assert (status, headers["Content-Encoding"], body[:2]) == (200, "gzip", b"\x1f\x8b")
        assert station.json("/device")["device"]["gateway"] == "esp01-dsmr-3f"
        assert station.json("/device")["age_s"] == 3
        assert station.ask("GET", "/config.json")[0] == 404
        assert station.ask("POST", "/", "x")[0] == 404

    def test_nobody_holds_it_up(self, station: Device) -> None:
        """Neither one who says nothing nor one who says too much keeps the next from the page for long."""
        with station.socket(), station.socket() as second:
            second.sendall(b"GET / HTTP/1.0\r\nX: " + b"a" * 9000)
            before = time.monotonic()
            assert station.ask("GET", "/")[0] == 200
            assert time.monotonic() - before < 5

    def test_memory_does_not_grow(self, station: Device) -> None:
        """After hundreds of requests the heap holds what it held after ten."""
        become(station, up=True, reason="")
        few = self.after(station, 10)
        many = self.after(station, 300)
        print(f"live after 10 requests {few}, after 310 {many} bytes")  # noqa: T201
        assert abs(many - few) <= 256

    @staticmethod
    def after(station: Device, times: int) -> int:
        """Bytes in use after so many requests."""
        for number in range(times):
            station.ask("GET", ("/", "/device", "/favicon.ico")[number % 3])
        return min(station.live_bytes() for _ in range(5))
