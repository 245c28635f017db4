"""`meterkast doctor` as a person sees it."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from meterkast.doctor.device import found_ports
from meterkast.doctor.observation import Observation
from meterkast.doctor.visit import Visit, visit
from meterkast.errors import LauncherError

SOMETHING_WRONG = 1


@dataclass(frozen=True, kw_only=True)
class DoctorOptions:
    """Where to look, for how long, and with which key."""

    source: str | None
    seconds: float
    zone: ZoneInfo
    key: bytes | None
    data_dir: Path


def run_doctor(options: DoctorOptions) -> int:
    """Look at a port and print what is the matter; the exit code: 0 all is well, 1 something is to be done."""
    source = options.source or _only_port()
    sys.stdout.write(f"Listening to {source} for up to {options.seconds:.0f} seconds…\n")
    sys.stdout.flush()
    seen = Observation(zone=options.zone, key=options.key)
    found = asyncio.run(visit(source, seen, seconds=options.seconds, data_dir=options.data_dir))
    sys.stdout.write(text(found))
    return 0 if found.diagnosis.well else SOMETHING_WRONG


def text(found: Visit) -> str:
    """What was seen, what is the matter, what to do."""
    facts = {"line": found.line, **_facts(found.seen)}
    lines = [f"  {name:<10}{value}" for name, value in facts.items() if value]
    diagnosis = found.diagnosis
    lines.append(f"{'OK' if diagnosis.well else 'PROBLEM'}: {diagnosis.sentence}")
    lines += [f"  - {step}" for step in diagnosis.advice]
    return "\n".join((*lines, ""))


def _facts(seen: Observation) -> dict[str, str | None]:
    facts: dict[str, str | None] = {}
    if seen.telegrams:
        interval = seen.interval_s
        every = f", one every {interval:.0f} s" if interval else ""
        facts["telegrams"] = f"{seen.telegrams}{every}"
    if seen.reading:
        facts["meter"] = seen.reading.identification
        facts["id"] = seen.reading.meter_id
        facts["version"] = seen.reading.version
        power = seen.reading.number("power_import_w")
        facts["power"] = None if power is None else f"{power} W from the grid now"
    return facts


def _only_port() -> str:
    ports = found_ports()
    if len(ports) == 1:
        return ports[0]
    if not ports:
        raise LauncherError("there is no serial port on this computer", hint="plug the P1 cable in, or name a source")
    raise LauncherError("there is more than one serial port", hint=f"say which: {', '.join(ports)}")
