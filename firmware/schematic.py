"""Draws the gateway's schematic: `python firmware/schematic.py` writes schematic.svg beside it."""

from collections.abc import Iterator
from pathlib import Path

WIDTH, HEIGHT = 1160, 560
STYLE = """\
svg { color: #1b1f24; background: #ffffff }
@media (prefers-color-scheme: dark) { svg { color: #e6e9ee; background: #14171b } }
.line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round }
.part { fill: none; stroke: currentColor; stroke-width: 2.5 }
.dot { fill: currentColor }
text { fill: currentColor; font: 15px system-ui, "DejaVu Sans", sans-serif }
.small { font-size: 13px }
.title { font-size: 17px; font-weight: 600 }
.end { text-anchor: end }
.middle { text-anchor: middle }"""

Point = tuple[float, float]
P1_PINS = ("+5 V", "data request", "data ground", "not connected", "data", "power ground")
P1_ROWS = (100, 155, 210, 265, 340, 415)
CHIP_PINS = {"VCC": 180, "CH_PD (EN)": 220, "RST": 260, "RX (GPIO3)": 300, "GPIO0": 345, "GPIO2": 390, "GND": 435}
PULL_UPS = {"R5": (890, "CH_PD (EN)"), "R6": (850, "RST"), "R7": (810, "GPIO0"), "R8": (770, "GPIO2")}
RAIL, SIGNAL, P1_EDGE, CHIP_EDGE = 100, 300, 190, 940
DATA = P1_ROWS[4]


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """Words at a place."""
    return f'<text x="{x:g}" y="{y:g}"{f" class={chr(34)}{kind}{chr(34)}" if kind else ""}>{words}</text>'


def wire(*points: Point) -> str:
    """A line through points."""
    return f'<polyline class="line" points="{" ".join(f"{x:g},{y:g}" for x, y in points)}"/>'


def box(x: float, y: float, width: float, height: float) -> str:
    """A part's body."""
    return f'<rect class="part" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="3"/>'


def dot(x: float, y: float) -> str:
    """Where wires meet."""
    return f'<circle class="dot" cx="{x:g}" cy="{y:g}" r="4"/>'


def ground(x: float, y: float) -> Iterator[str]:
    """The ground symbol, hanging from a point."""
    for half, down in ((12, 0), (8, 5), (4, 10)):
        yield wire((x - half, y + down), (x + half, y + down))


def standing(x: float, top: float, bottom: float, at: float, label: str, value: str = "") -> Iterator[str]:
    """A resistor in a vertical wire, its body from `at` on."""
    yield wire((x, top), (x, at))
    yield box(x - 8, at, 16, 46)
    yield wire((x, at + 46), (x, bottom))
    yield text(x + 14, at + 20, label, "small")
    if value:
        yield text(x + 14, at + 38, value, "small")


def capacitor(x: float, label: str, value: str, *, polar: bool = False) -> Iterator[str]:
    """A capacitor from the supply's row to ground."""
    yield dot(x, RAIL)
    yield wire((x, RAIL), (x, 132))
    yield wire((x - 14, 132), (x + 14, 132))
    yield wire((x - 14, 141), (x + 14, 141))
    yield wire((x, 141), (x, 172))
    yield from ground(x, 172)
    yield text(x + 18, 131, label, "small")
    yield text(x + 18, 149, value, "small")
    if polar:
        yield text(x - 24, 130, "+", "small")


def meter() -> Iterator[str]:
    """The P1 port."""
    yield box(40, 66, 150, 384)
    yield text(40, 48, "P1 port of the meter: RJ12, 6P6C", "title")
    for number, (name, y) in enumerate(zip(P1_PINS, P1_ROWS, strict=True), 1):
        yield text(52, y + 5, f"{number}  {name}")
    yield wire((P1_EDGE, P1_ROWS[1]), (230, P1_ROWS[1]), (230, RAIL))
    yield dot(230, RAIL)
    for y in (P1_ROWS[2], P1_ROWS[5]):
        yield wire((P1_EDGE, y), (225, y), (225, y + 14))
        yield from ground(225, y + 14)


def supply() -> Iterator[str]:
    """From 5 V to 3.3 V."""
    yield wire((P1_EDGE, RAIL), (430, RAIL))
    yield text(250, RAIL - 10, "5 V, 100 to 250 mA", "small")
    yield from capacitor(370, "C1", "10 µF", polar=True)
    yield box(430, 70, 140, 68)
    yield text(500, 62, "MCP1700-3302E", "title middle")
    yield text(438, 105, "VIN", "small")
    yield text(562, 105, "VOUT", "small end")
    yield text(500, 130, "GND", "small middle")
    yield wire((500, 138), (500, 158))
    yield from ground(500, 158)
    yield wire((570, RAIL), (922, RAIL), (922, CHIP_PINS["VCC"]), (CHIP_EDGE, CHIP_PINS["VCC"]))
    yield text(590, RAIL - 10, "3.3 V", "small")
    yield from capacitor(610, "C2", "220 µF", polar=True)
    yield from capacitor(690, "C3", "100 nF")


def inverter() -> Iterator[str]:
    """From the meter's inverted open collector to the chip's level."""
    yield wire((P1_EDGE, DATA), (330, DATA))
    yield dot(280, RAIL)
    yield dot(280, DATA)
    yield from standing(280, RAIL, DATA, 200, "R1", "1 kΩ")
    yield box(330, DATA - 8, 46, 16)
    yield text(332, DATA - 16, "R2  10 kΩ", "small")
    yield wire((376, DATA), (462, DATA))
    yield dot(420, DATA)
    yield from standing(420, DATA, 430, 365, "R4", "10 kΩ")
    yield from ground(420, 430)
    yield '<circle class="part" cx="478" cy="340" r="27"/>'
    yield wire((464, 322), (464, 358))
    yield wire((464, 331), (490, 316), (490, SIGNAL))
    yield wire((464, 349), (490, 364), (490, 430))
    yield '<polygon class="dot" points="488,363 477,362 482,353"/>'
    yield from ground(490, 430)
    yield text(514, 346, "T1  BC547", "small")
    yield from standing(490, 218, SIGNAL, 232, "R3", "4.7 kΩ")
    yield wire((478, 218), (502, 218))
    yield text(508, 222, "3.3 V", "small")
    yield dot(490, SIGNAL)
    yield wire((490, SIGNAL), (CHIP_EDGE, SIGNAL))


def chip() -> Iterator[str]:
    """The ESP-01 and what its pins need to start."""
    yield box(CHIP_EDGE, 150, 180, 310)
    yield text(CHIP_EDGE, 138, "ESP-01 / ESP-01S", "title")
    for name, y in CHIP_PINS.items():
        yield text(CHIP_EDGE + 12, y + 5, name)
    yield text(1108, CHIP_PINS["VCC"] + 5, "TX (GPIO1)", "small end")
    yield text(1108, CHIP_PINS["VCC"] + 23, "stays free", "small end")
    for label, (x, pin) in PULL_UPS.items():
        yield dot(x, RAIL)
        yield from standing(x, RAIL, CHIP_PINS[pin], 122, label)
        yield wire((x, CHIP_PINS[pin]), (CHIP_EDGE, CHIP_PINS[pin]))
    yield text(770, RAIL - 10, "R5 to R8: 10 kΩ each", "small")
    yield dot(810, CHIP_PINS["GPIO0"])
    yield wire((810, CHIP_PINS["GPIO0"]), (720, CHIP_PINS["GPIO0"]), (720, 368))
    yield wire((720, 368), (736, 392))
    yield wire((720, 396), (720, 430))
    yield from ground(720, 430)
    yield text(622, 380, "J1, closed", "small")
    yield text(622, 397, "to flash only", "small")
    yield wire((CHIP_EDGE, CHIP_PINS["GND"]), (900, CHIP_PINS["GND"]), (900, 449))
    yield from ground(900, 449)


NOTES = (
    "The port's data line is an open collector and inverted: at rest it is low, T1 is off, and RX is high.",
    "R1 draws 5 mA while the line is low, as much as the standard lets it sink. C2 and C3 sit close to the ESP-01.",
    "Pins 1 and 6 give power in DSMR 4 and later; for a meter of DSMR 2 or 3 feed 5 V and ground from a USB supply.",
)


def drawing() -> str:
    """The whole drawing."""
    parts = [part for group in (meter(), supply(), inverter(), chip()) for part in group]
    notes = [text(40, 496 + 22 * row, words, "small") for row, words in enumerate(NOTES)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t">\n'
        f'<title id="t">Meterkast gateway: P1 port, inverter, 3.3 V supply, ESP-01</title>\n<style>\n{STYLE}\n</style>'
    )
    return "\n".join((head, *parts, *notes, "</svg>", ""))


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(drawing(), encoding="utf-8")
