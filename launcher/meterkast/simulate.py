"""`meterkast simulate`: a simulated meter's telegrams to standard output."""

import difflib
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO
from zoneinfo import ZoneInfo

from meterkast_reader.simulator.dialects import DIALECTS
from meterkast_reader.simulator.meter import simulate

from meterkast.errors import LauncherError


@dataclass(frozen=True, kw_only=True)
class SimulateOptions:
    """Which meter, from when, how often; absent times are the dialect's own interval and this moment."""

    dialect: str
    seed: int
    start: str | None
    step_s: float | None
    count: int


def run_simulate(options: SimulateOptions, out: BinaryIO | None = None) -> None:
    """Write the telegrams; the same options give the same bytes."""
    out = out or sys.stdout.buffer
    if options.dialect not in DIALECTS:
        near = difflib.get_close_matches(options.dialect, DIALECTS, n=1, cutoff=0.3)
        meant = f"did you mean {near[0]}? There are" if near else "there are"
        raise LauncherError(f"no meter speaks the dialect {options.dialect!r}", hint=f"{meant} {', '.join(DIALECTS)}")
    dialect = DIALECTS[options.dialect]
    step = timedelta(seconds=dialect.interval_s if options.step_s is None else options.step_s)
    start = _start(options.start, ZoneInfo(dialect.zone))
    for _at, telegram in simulate(options.dialect, options.seed, start, step, options.count):
        out.write(telegram)
    out.flush()


def _start(text: str | None, zone: ZoneInfo) -> datetime:
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        start = datetime.fromisoformat(text)
    except ValueError as error:
        raise LauncherError(
            f"{text!r} is no time", hint="write it as 2026-01-15, 2026-01-15T10:30 or with its offset, +01:00"
        ) from error
    return start if start.tzinfo else start.replace(tzinfo=zone)
