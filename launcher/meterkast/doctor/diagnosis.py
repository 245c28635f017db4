"""From what was seen to what is wrong and what to do, in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from meterkast.doctor.observation import Observation

_FEW_ERRORS = 0.02


class Finding(StrEnum):
    """What the matter is."""

    WELL = "well"
    OLD_METER = "old meter, well"
    NO_DEVICE = "no device"
    NO_PERMISSION = "no permission"
    IN_USE = "in use"
    UNREACHABLE = "unreachable"
    LOST = "lost"
    SILENT = "silent"
    SILENT_SERVER = "silent server"
    INVERTED = "inverted"
    NOISE = "noise"
    CUT = "cut"
    CIPHERED = "ciphered"
    WRONG_KEY = "wrong key"
    CRC_ERRORS = "CRC errors"
    SOME_CRC_ERRORS = "some CRC errors"
    REFUSED = "refused"


_LINE_QUALITY = (
    "Use a shorter or shielded P1 cable, away from mains wires.",
    "Give the reader its own good power supply: the P1 port gives at most 250 mA.",
    "At the end of a long cable, make the pull-up resistor of data (pin 5) smaller, e.g. 1 kΩ.",
)

ADVICE: Mapping[Finding, tuple[str, ...]] = MappingProxyType(
    {
        Finding.OLD_METER: (
            "Nothing vouches for such a telegram, so one damaged line makes Meterkast refuse the whole of it.",
        ),
        Finding.NO_DEVICE: (
            "Is the cable plugged into this computer? `dmesg | tail` says what the system made of it.",
            "By its name under /dev/serial/by-id a cable is found again at whichever USB port.",
        ),
        Finding.UNREACHABLE: ("Is the device on, on this network, and is its address still the same?",),
        Finding.LOST: ("The cable was pulled out, or loses its power: use another USB port, hub or cable.",),
        Finding.SILENT: (
            "Is the cable in the meter's P1 port (not in its Ethernet or H1 port), and pushed in until it clicks?",
            "The meter sends only while data request (pin 2) is at 4 to 5 V: the cable must connect it, not to 3.3 V.",
            "Some grid operators open the port only when asked, in their customer portal (Fluvius, Sibelga, ORES).",
            "Some meters pause for a minute after something is plugged in: try once more.",
        ),
        Finding.SILENT_SERVER: ("Look at the other end: does its program read the meter, and at the right port?",),
        Finding.INVERTED: (
            "The P1 port's output is inverted: use a cable made for P1, or a transistor (BC547, 10 kΩ) before RX.",
            "An FTDI cable can do it by itself: set 'Invert RXD' with FT_PROG or ftx-prog.",
        ),
        Finding.NOISE: (
            "Most often the signal is inverted: use a cable made for P1, or a transistor (BC547, 10 kΩ) before RX.",
            "Data (pin 5) needs a pull-up resistor of about 1 kΩ to the adapter's supply voltage.",
            "Is it the meter's P1 port at all, and does nothing else write to this device?",
        ),
        Finding.CUT: (
            "Bytes get lost: use a shorter cable, another USB port or hub, and a better power supply.",
            "Is another program reading the same port? Stop it.",
        ),
        Finding.CIPHERED: (
            "Ask the grid operator for the meter's P1 key (32 hexadecimal digits), then: doctor --key KEY.",
            "Meterkast takes it as the setting parser.keys.<gateway>.",
        ),
        Finding.WRONG_KEY: ("Compare the key with the grid operator's letter; a new meter has a new key.",),
        Finding.SOME_CRC_ERRORS: _LINE_QUALITY,
        Finding.CRC_ERRORS: (
            *_LINE_QUALITY,
            "If its checksum is always 0000, the meter never computes it: set parser.check_crc = false.",
        ),
        Finding.REFUSED: ("Send such a telegram, with the meter's make, to Meterkast's issues.",),
    }
)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is the matter, in one sentence, and first advice that holds for this very port."""

    finding: Finding
    sentence: str
    first: tuple[str, ...] = ()

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do, one step each."""
        return (*self.first, *ADVICE.get(self.finding, ()))

    @property
    def well(self) -> bool:
        """Whether nothing needs to be done."""
        return self.finding in (Finding.WELL, Finding.OLD_METER)


def diagnose(seen: Observation, *, serial: bool, seconds: float) -> Diagnosis:
    """Say what a port's bytes mean; `serial` whether it is a serial port, not a server."""
    if not seen.bytes_seen:
        finding = Finding.SILENT if serial else Finding.SILENT_SERVER
        return Diagnosis(finding, f"The port is open, but not one byte came in {seconds:.0f} seconds.")
    if not seen.telegrams:
        return _no_telegram(seen, serial=serial)
    if not seen.good:
        return _none_good(seen)
    if seen.crc_errors > _FEW_ERRORS * seen.telegrams:
        return Diagnosis(Finding.SOME_CRC_ERRORS, _damaged(seen))
    if seen.has_crc or seen.ciphered:
        return Diagnosis(Finding.WELL, f"All is well: {_telegrams(seen)}, none damaged.")
    return Diagnosis(Finding.OLD_METER, f"All is well: {_telegrams(seen)}, of an older meter that sends no checksum.")


def _no_telegram(seen: Observation, *, serial: bool) -> Diagnosis:
    if seen.inverted:
        return Diagnosis(Finding.INVERTED, "The signal is upside down: turned over, its bytes are a telegram.")
    if seen.cut:
        times = "a telegram begins, but it does" if seen.cut == 1 else f"{seen.cut} telegrams begin, but they do"
        return Diagnosis(Finding.CUT, f"Bytes come and {times} not come to an end.")
    tried = ", neither at 115200 8N1 nor at 9600 7E1" if serial else ""
    return Diagnosis(Finding.NOISE, f"Bytes come ({seen.bytes_seen}), but they are no telegram{tried}.")


def _none_good(seen: Observation) -> Diagnosis:
    if seen.ciphered:
        if seen.key is None:
            sentence = f"{_telegrams(seen)} came, ciphered, as meters in Luxembourg and Austria do."
            return Diagnosis(Finding.CIPHERED, sentence)
        return Diagnosis(Finding.WRONG_KEY, f"{_telegrams(seen)} came, ciphered with another key than this one.")
    if seen.crc_errors:
        return Diagnosis(Finding.CRC_ERRORS, _damaged(seen))
    return Diagnosis(Finding.REFUSED, f"{_telegrams(seen)} came whole, but cannot be read: {seen.refused[0].detail}.")


def _damaged(seen: Observation) -> str:
    return f"{seen.crc_errors} of {_telegrams(seen)} arrived damaged: the checksum does not hold."


def _telegrams(seen: Observation) -> str:
    return "1 telegram" if seen.telegrams == 1 else f"{seen.telegrams} telegrams"
