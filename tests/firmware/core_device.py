"""A gateway's firmware on real MicroPython: compiled as for the chip, its port a pseudo-terminal."""

import json
import os
import pty
import shutil
import subprocess
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as mqtt
from meterkast.firmware.compiling import build, compiled
from meterkast.firmware.source import Source
from paho.mqtt.enums import CallbackAPIVersion

from tests.firmware.interpreter import interpreter, littlefs_bytes, stand_in_bytes

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "firmware"
APP = FIRMWARE / "app"
STAND_IN = FIRMWARE / "stand_in"
PATIENCE_S = 20.0
GATEWAY = "esp01-dsmr-3f"
RESTARTS = 75


def built(folder: Path) -> Path:
    """The files of a chip: the selector, and the firmware in slot a."""
    source = Source(FIRMWARE)
    for path, is_compiled in source.selector():
        name = f"{path.stem}.mpy" if is_compiled else path.name
        (folder / name).write_bytes(compiled(path) if is_compiled else path.read_bytes())
    build(source, folder / "a", version="1.0.0", sequence=1)
    return folder


@cache
def heap_bytes() -> int:
    """The gateway's heap, and what the stand-ins take of it; the chip has littlefs2 in it, these devices a folder."""
    return interpreter().gateway_bytes + stand_in_bytes() - littlefs_bytes()


def until(condition: Callable[[], object], *, within_s: float = PATIENCE_S, what: Callable[[], object] = str) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"the condition did not come to hold: {what()}"
        time.sleep(0.005)


@dataclass
class Line:
    """The meter's side of the P1 port."""

    def __post_init__(self) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        self._slave = slave

    @property
    def heard_at(self) -> int:
        """The speed to which the device has set its side, bit/s."""
        return {termios.B9600: 9600, termios.B115200: 115_200}.get(termios.tcgetattr(self.master)[4], 0)

    def unheard(self) -> None:
        """Nobody has set the other side yet, and nothing waits there."""
        setting = termios.tcgetattr(self._slave)
        setting[4] = setting[5] = termios.B38400
        termios.tcsetattr(self._slave, termios.TCSANOW, setting)
        termios.tcflush(self._slave, termios.TCIFLUSH)

    def send(self, data: bytes, *, baud: int | None = None) -> None:
        """Send, at the pace of a real line if `baud` says it (ten bits a byte)."""
        piece = len(data) if baud is None else max(baud // 1000, 8)
        started = time.monotonic()
        for at in range(0, len(data), piece):
            part = data[at : at + piece]
            while part:
                part = part[os.write(self.master, part) :]
            if baud is not None:
                time.sleep(max(started + (at + piece) * 10 / baud - time.monotonic(), 0))

    def close(self) -> None:
        """Unplug."""
        os.close(self.master)
        os.close(self._slave)


class Listener:
    """What the broker hands on of a gateway, in order."""

    def __init__(self, port: int, gateway: str = GATEWAY, **login: str) -> None:
        self.telegrams: list[bytes] = []
        self.devices: list[dict[str, Any]] = []
        self.statuses: list[str] = []
        self._top = f"dsmr/{gateway}"
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        if login:
            self._client.username_pw_set(login["user"], login["password"])
        self._client.on_connect = self._connected
        self._client.on_message = self._took
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.reconnect_delay_set(0.1, 0.1)  # type: ignore[arg-type]  # of a second, which serve too
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert subscribed.wait(PATIENCE_S)
        self.subscribed = subscribed

    def has(self, count: int) -> bool:
        """Whether so many telegrams have come."""
        return len(self.telegrams) >= count

    def _connected(self, *_: object) -> None:
        self._client.subscribe(f"{self._top}/#", 1)

    def _took(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        match message.topic.removeprefix(self._top):
            case "/telegram":
                self.telegrams.append(bytes(message.payload))
            case "/device" if message.payload:
                self.devices.append(json.loads(message.payload))
            case "/status":
                self.statuses.append(message.payload.decode())

    @property
    def device(self) -> dict[str, Any]:
        """What it said of itself last."""
        return self.devices[-1] if self.devices else {}

    def order(self, name: str, payload: bytes | str = b"", *, retain: bool = False) -> None:
        """Give an order."""
        self._client.publish(f"{self._top}/command/{name}", payload, 1, retain).wait_for_publish(PATIENCE_S)

    def answered(self, name: str, payload: bytes | str = b"") -> str:
        """Give an order and return its answer."""
        known = len(self.devices)
        self.order(name, payload)
        until(lambda: any(self._answers(said, name) for said in self.devices[known:]), what=lambda: self.devices[-1:])
        return next(str(said["answer"]) for said in self.devices[known:] if self._answers(said, name))

    @staticmethod
    def _answers(said: dict[str, Any], name: str) -> bool:
        return str(said.get("answer", "")).startswith(f"{name}:")

    def close(self) -> None:
        """Go."""
        self._client.disconnect()
        self._client.loop_stop()


@dataclass
class Device:
    """One chip: `flash` is the folder of its files; `air` what its radio finds."""

    flash: Path
    line: Line = field(default_factory=Line)
    variables: dict[str, str] = field(default_factory=dict)
    air: dict[str, Any] = field(default_factory=lambda: {"networks": [{"ssid": "home", "rssi": -60}]})
    process: subprocess.Popen[bytes] | None = None

    def configure(self, port: int, **settings: Any) -> None:
        """Write config.json."""
        broker = {"host": "127.0.0.1", "port": port, **settings.pop("broker", {})}
        config = {"gateway": GATEWAY, "wifi": {"ssid": "home", "password": ""}, "broker": broker, **settings}
        (self.flash / "config.json").write_text(json.dumps(config))

    def breathe(self, **air: Any) -> None:
        """Change the air."""
        self.air |= air
        new = self.folder / "air.new"
        new.write_text(json.dumps(self.air))
        new.replace(self.folder / "air.json")

    @property
    def folder(self) -> Path:
        """Where what is not in its flash lies."""
        return self.flash.parent

    def hurry(self) -> None:
        """Let its clock run ten times as fast from the next start on."""
        self.variables["FIRMWARE_CLOCK"] = "10"

    def start(self, cause: int = 0) -> None:
        """Power on, or start again for another cause."""
        self.line.unheard()
        self.breathe()
        if cause == 0:
            (self.folder / "rtc").write_bytes(b"\0")
        variables = {
            "MICROPYPATH": f"{STAND_IN}:.frozen",
            "FIRMWARE_PORT": f"/pc{self.line.path}",
            "FIRMWARE_AIR": f"/pc{self.folder}/air.json",
            "FIRMWARE_RTC": f"{self.folder}/rtc",
            "FIRMWARE_RESET_CAUSE": str(cause),
            **self.variables,
        }
        with (self.folder / "device.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*interpreter().command, "-X", f"heapsize={heap_bytes()}", STAND_IN / "power_on.py", self.flash],
                env={**os.environ, **variables},
                stdout=log,
                stderr=log,
            )
        until(lambda: self.line.heard_at or self.process.poll() is not None, what=lambda: self.log)  # type: ignore[union-attr]

    @property
    def log(self) -> str:
        """What it has printed, and what it noted last: why it crashed."""
        return (self.folder / "device.log").read_text() + (self.folder / "rtc").read_bytes().decode("ascii", "replace")

    def ended(self) -> None:
        """Wait until it restarts by itself, from its loop or from an interrupt."""
        assert self.process is not None
        process = self.process
        until(
            lambda: process.poll() is not None or "RESET FROM AN INTERRUPT" in self.log,
            within_s=2 * PATIENCE_S,
            what=lambda: self.log,
        )
        if process.poll() is None:
            process.kill()
            process.wait()
        else:
            assert process.returncode == RESTARTS, self.log
        self.process = None

    def restarted(self) -> None:
        """Wait until it restarts by itself, and let it."""
        self.ended()
        self.start(4)

    def stop(self) -> None:
        """Power off; it must not have crashed."""
        if self.process is not None:
            crashed = self.process.poll() is not None
            self.process.kill()
            self.process.wait()
            self.process = None
            assert not crashed, self.log

    def state(self) -> dict[str, Any]:
        """What the selector's state says."""
        path = self.flash / "state.json"
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


def new_device(folder: Path, files: Path) -> Iterator[Device]:
    """Give a device that is off, and switch it off again at the end."""
    flash = folder / "flash"
    shutil.copytree(files, flash)
    device = Device(flash)
    yield device
    device.stop()
    device.line.close()
