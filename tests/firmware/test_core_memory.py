"""What the gateway takes of the chip's 38 KB: measured, written to artefacts/firmware-sizes.txt, bounded, and kept."""

import http.client
import os
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.brokers import Broker, free_port
from tests.firmware.core_device import APP, Device, Listener, until
from tests.firmware.interpreter import CHIP_BYTES, STAND_IN, interpreter, narrow, said
from tests.firmware.test_core import long_telegram, telegrams

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
HELD = ("start", "rarely", "gateway", "mqtt", "port", "telegrams", "ring", "led", "station", "status")
"""What stays loaded in gateway mode; the rest comes and goes."""
MOST_HELD = 12 * 1024
MOST_EACH = 4608
MOST_LIVE = 25_600
"""Bytes that the gateway holds before the ring; with some 1,500 more not all that comes and goes would fit."""
MOST_NAMES = 240
"""Names that the interpreter gets to know, some thirty of the stand-ins' besides: the 301st begins a table of 2 KB."""
LEAST_RING = 3200
"""A telegram of 3 KB, or three of 1 KB."""
LEAST_PIECE = 1024
"""What is left of the heap has to have such a piece."""
MOST_COMING = 2800
"""Bytes of one module that comes and goes."""

_TURNS = """
import gc, sys
from telegrams import Framer
from ring import Ring
framer, ring = Framer(), Ring(4000)
body = b"/MKT5\\\\2TEST\\r\\n\\r\\n1-0:1.7.0(00.424*kW)\\r\\n" + b"0-0:96.13.0(" + b"3" * 60 + b")\\r\\n" * 1
def feed(data):
    at = 0
    while at < len(data):
        room = framer.room()
        count = min(len(room), len(data) - at)
        room[:count] = data[at : at + count]
        framer.took(count)
        at += count
        length = framer.find()
        if length:
            ring.put(memoryview(framer.buffer)[:length])
            if ring.waiting > 3:
                ring.pop()
            framer.drop()
from telegrams import crc
whole = body + b"!"
whole = whole + b"%04X\\r\\n" % crc(whole, len(whole))
def turns(count):
    for _ in range(count):
        feed(whole)
    gc.collect()
    return gc.mem_free()
first = turns(100)
last = turns(100_000)
print(first, last, framer.crc_errors + framer.damaged + ring.dropped)
"""
_MEASURE = """
import gc, machine, micropython
def readinto(uart, data):
    gc.collect()
    print("HELD", gc.mem_alloc() - begun)
    micropython.mem_info()
    micropython.qstr_info()
    machine.reset()
machine.UART.readinto = readinto
micropython.qstr_info()
gc.collect()
begun = gc.mem_alloc()
"""
"""A chip that ends when its gateway, with all that it holds, first listens."""
_COMES = """
import gc, sys, power_on
sys.modules.update(power_on.modules())
sys.path[:] = ["{flash}/a", "{flash}"]
import mark
from rarely import load
for name in {names}:
    load(name)
    gc.collect()
    before = gc.mem_alloc()
    module = load(name)
    gc.collect()
    print(name, gc.mem_alloc() - before)
    module = None
"""


@dataclass(frozen=True)
class Held:
    """What a gateway holds before its ring, the ring, what is left (the largest piece, all of it), and its names."""

    live: int
    ring: int
    piece: int
    free: int
    names: int


def test_memory_stays_as_it_is(chip: Path) -> None:
    """After 100,000 telegrams as much memory is free as after 100."""
    first, last, lost = map(int, said(_TURNS, chip / "a", interpreter().gateway_bytes).split())
    assert (last, lost) == (first, 0)


@dataclass
class Watched:
    """A gateway whose broker, page and radio are at hand."""

    device: Device
    listener: Listener
    page: int
    turned_away: int = 0

    def turn(self, telegram: bytes) -> None:
        """A telegram is read while a visitor looks, and the network goes and comes back."""
        came = len(self.listener.telegrams)
        known = self.listener.statuses.count("online")
        self.device.line.send(telegram)
        for path in ("/", "/device"):
            while not self.visit(path):
                self.turned_away += 1
        until(lambda: len(self.listener.telegrams) > came, what=lambda: self.device.log)
        self.device.breathe(networks=[])
        until(lambda: self.listener.statuses[-1] == "offline", what=lambda: self.device.log)
        self.device.breathe(networks=[{"ssid": "home", "rssi": -60}])
        until(lambda: self.listener.statuses.count("online") > known, what=lambda: self.device.log)

    def visit(self, path: str) -> bool:
        """Look at the page; False where the gateway had no room for a visitor, who has to ask again."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.page, timeout=20)) as visitor:
            try:
                visitor.request("GET", path)
                answer = visitor.getresponse()
                return answer.status == 200 and len(answer.read()) > 300
            except (ConnectionError, http.client.HTTPException):
                return False

    def free(self) -> int:
        """What it says that it has left."""
        self.listener.answered("identify")
        found: int = self.listener.device["counters"]["free_heap_bytes"]
        return found


@pytest.fixture
def watched(device: Device, mosquitto: Broker) -> Iterator[Watched]:
    """Give a gateway with a page."""
    page = free_port()
    device.variables["FIRMWARE_PAGE"] = str(page)
    device.configure(mosquitto.port)
    with closing(Listener(mosquitto.port)) as listener, device:
        until(lambda: listener.device)
        yield Watched(device, listener, page)


def test_soak_visits_and_reconnects_leave_the_heap_as_it_is(watched: Watched) -> None:
    """After forty reconnects and visits, or FIRMWARE_SOAK_TURNS, all that is rare still fits, and as much is free."""
    turns = int(os.environ.get("FIRMWARE_SOAK_TURNS") or 40)
    sent = telegrams("nl-dsmr5", 10)
    for number in range(10):
        watched.turn(sent[number])
    early = watched.free()
    for number in range(turns):
        watched.turn(sent[number % len(sent)])
    late = watched.free()
    print(f"free heap after 10 turns and {turns}: {early}, {late} bytes; {watched.turned_away} turned away")  # noqa: T201
    assert watched.turned_away <= turns // 10
    assert late >= early - 512
    assert watched.listener.answered("set", '{"thin": 2}') == "set: done"
    assert watched.listener.answered("set", '{"thin": 1}') == "set: done"
    longest = long_telegram(3072)
    watched.device.line.send(longest)
    until(lambda: watched.listener.telegrams[-1] == longest)
    assert watched.listener.device["counters"]["dropped"] == 0


def held(device: Device) -> Held:
    """Start a device, and measure when it begins to listen."""
    device.configure(1883)
    main = device.flash / "main.py"
    main.write_text(_MEASURE + main.read_text())
    device.start()
    device.ended()
    printed = device.log
    live = int(printed.split("HELD ")[1].split()[0])
    (ring,), (piece,) = (re.findall(rf"max {what} sz: (\d+)", printed) for what in ("blk", "free"))
    (free,) = re.findall(r"free: (\d+)", printed)
    first, last = map(int, re.findall(r"n_qstr=(\d+)", printed))
    return Held(live - int(ring) * 16, int(ring) * 16, int(piece) * 16, int(free), last - first)


def test_sizes(chip: Path, device: Device) -> None:
    """The compiled modules, and what the gateway holds of the chip's heap, stay within their bounds."""
    narrow()
    sizes = {source.stem: (chip / "a" / f"{source.stem}.mpy").stat().st_size for source in sorted(APP.glob("*.py"))}
    kept = sum(sizes[name] for name in HELD)
    rarely = tuple(re.findall(r'"(\w+)"', (APP / "room.py").read_text().split("_COME_AND_GO = ")[1].split(")")[0]))
    lines = said(_COMES.format(flash=chip, names=rarely), STAND_IN).splitlines()
    coming = {name: int(taken) for name, taken in (line.split() for line in lines)}
    found = held(device)
    rows = [f"{size:6} {name}.mpy{'' if name in HELD else ' (now and then)'}" for name, size in sizes.items()]
    rows += [f"{taken:6} of the heap taken by {name} while it is there" for name, taken in coming.items()]
    totals = [
        f"{kept:6} bytes of .mpy held in gateway mode",
        f"{found.live:6} bytes of the heap held before the ring, of {CHIP_BYTES}",
        f"{found.ring:6} bytes of ring",
        f"{found.free:6} bytes left, {found.piece} of them in one piece",
        f"{found.names:6} names",
    ]
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "firmware-sizes.txt").write_text("\n".join([*rows, *totals, ""]))
    print("\n".join(totals))  # noqa: T201
    assert kept <= MOST_HELD
    assert max(sizes[name] for name in HELD) <= MOST_EACH
    assert max(coming.values()) <= MOST_COMING
    assert found.live <= MOST_LIVE
    assert found.names <= MOST_NAMES
    assert found.ring >= LEAST_RING
    assert found.piece >= LEAST_PIECE
