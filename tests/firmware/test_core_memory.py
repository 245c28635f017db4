"""What the gateway takes of the chip's 38 KB: measured, written to artefacts/firmware-sizes.txt, and bounded."""

import importlib.metadata
import json
import keyword
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.firmware.core_device import APP, CHIP_BYTES, HEAP_BYTES, micropython, stand_in_bytes

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
WIDTH_32 = Path(__file__).parent / "width32"
HELD = (
    *("start", "rarely", "gateway", "mqtt", "packets", "port"),
    *("telegrams", "ring", "led", "station", "status"),
)
"""What stays loaded in gateway mode; the rest comes and goes."""
MOST_HELD = 12 * 1024
MOST_EACH = 4608
MOST_LIVE = 25_600
"""Bytes that the gateway holds on a 32-bit machine before the ring."""
RING = 24_000
"""Its size where memory is plenty, as in this measure."""
CONFIG = {
    "gateway": "esp01-dsmr-3f",
    "wifi": {"ssid": "home network", "password": "secret password"},
    "broker": {"host": "192.168.1.20", "port": 1883, "user": "esp01-dsmr-3f", "password": "x" * 32},
}

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


def test_memory_stays_as_it_is(chip: Path) -> None:
    """After 100,000 telegrams as much memory is free as after 100."""
    first, last, lost = map(int, micropython(_TURNS, path=chip / "a").split())
    assert (last, lost) == (first, 0)


def rom_names() -> list[str]:
    """Names in the chip's ROM, which take nothing of its heap: those of its own modules."""
    files = importlib.metadata.files("micropython-esp8266-esp8266-generic-stubs") or ()
    texts = [Path(str(file.locate())).read_text() for file in files if file.suffix == ".pyi" and len(file.parts) == 1]
    found = {name for text in texts for name in re.findall(r"(?:def|class) (\w+)|^ *([A-Z]\w+):", text, re.MULTILINE)}
    return sorted({name for pair in found for name in pair if name and not keyword.iskeyword(name)})


def pools(names: int) -> int:
    """Bytes of the tables of so many names: MicroPython doubles each, from 20 names on."""
    size, bytes_ = 20, 0
    while names > 0:
        names, bytes_, size = names - size, bytes_ + size * 7 + 28, size * 2
    return bytes_


def live_bytes(chip: Path, folder: Path) -> tuple[int, int]:
    """What the gateway holds before the ring on a 32-bit machine, and how many names of its own."""
    shutil.copytree(chip, folder, dirs_exist_ok=True)
    shutil.copytree(WIDTH_32 / "chip", folder, dirs_exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    rom = "\n".join(f"    x.{name}" for name in rom_names())
    (folder / "names.py").write_text(
        "import gc, sys, machine, network, socket, select, os, json, time, struct, hashlib, binascii, micropython\n"
        f"def rom(x):\n{rom}\ndel rom\nsys.path[:] = ['', '/']\n"
    )
    done = subprocess.run(["node", "run.mjs", folder], cwd=WIDTH_32, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    before, after = map(int, re.findall(r"n_qstr=(\d+)", done.stdout))
    live = int(done.stdout.split()[-1])
    return live - (pools(after) - pools(before)) + pools(after - before) - RING, after - before


@pytest.fixture(scope="session")
def width_32() -> None:
    """Have MicroPython with 32-bit objects, of npm."""
    if shutil.which("npm") is None:
        pytest.skip("npm is missing; get it by: apt-get install npm")
    if not (WIDTH_32 / "node_modules").exists():
        subprocess.run(["npm", "ci", "--silent", "--no-fund", "--no-audit"], cwd=WIDTH_32, check=True)


@pytest.mark.usefixtures("width_32")
def test_sizes(chip: Path, tmp_path: Path) -> None:
    """The compiled modules, and what the gateway holds of a 32-bit heap, stay within their bounds."""
    sizes = {source.stem: (chip / "a" / f"{source.stem}.mpy").stat().st_size for source in sorted(APP.glob("*.py"))}
    held = sum(sizes[name] for name in HELD)
    live, names = live_bytes(chip, tmp_path / "chip")
    ARTEFACTS.mkdir(exist_ok=True)
    rows = [f"{size:6} {name}{'' if name in HELD else ' (now and then)'}" for name, size in sizes.items()]
    totals = [
        f"{held:6} bytes of .mpy held in gateway mode",
        f"{live:6} bytes held in a 32-bit heap before the ring, of {CHIP_BYTES}; {names} names of its own",
        f"{HEAP_BYTES:6} bytes of a 64-bit heap do for the core's tests, beside {stand_in_bytes()} of the stand-ins",
    ]
    (ARTEFACTS / "firmware-sizes.txt").write_text("\n".join([*rows, *totals, ""]))
    assert held <= MOST_HELD
    assert max(sizes[name] for name in HELD) <= MOST_EACH
    assert live <= MOST_LIVE
