"""What the gateway's core takes of the chip's 38 KB: measured, written to artefacts/, and bounded."""

from pathlib import Path

from tests.firmware.core_device import APP, micropython

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
HELD = ("start", "rarely", "gateway", "mqtt", "packets", "port", "telegrams", "ring", "led")
"""What stays loaded in gateway mode; the rest comes and goes."""
MOST_HELD = 12 * 1024
MOST_EACH = 4608

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


def test_memory_stays_as_it_is(app: Path) -> None:
    """After 100,000 telegrams as much memory is free as after 100."""
    first, last, lost = map(int, micropython(_TURNS, path=app).split())
    assert (last, lost) == (first, 0)


def test_sizes(app: Path) -> None:
    """The compiled modules stay within their bounds."""
    sizes = {source.stem: (app / f"{source.stem}.mpy").stat().st_size for source in sorted(APP.glob("*.py"))}
    held = sum(sizes[name] for name in HELD)
    ARTEFACTS.mkdir(exist_ok=True)
    rows = [f"{size:6} {name}{'' if name in HELD else ' (now and then)'}" for name, size in sizes.items()]
    (ARTEFACTS / "firmware-sizes.txt").write_text("\n".join([*rows, f"{held:6} held in gateway mode", ""]))
    assert held <= MOST_HELD
    assert max(sizes[name] for name in HELD) <= MOST_EACH
