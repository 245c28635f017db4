"""The whole `meterkast up`: how soon it is live, how much memory and processor it takes, how fast it stops."""

import tempfile
import time
from pathlib import Path

import psutil

from bench.report import Figure, Section
from tests.pipeline.home import Home


def measure(minutes: float) -> Section:
    """Start a simulated house at 1 Hz, watch it for so long, stop it."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        with Home(Path(folder), "simulator:nl-dsmr5") as home:
            home.actual()
            live = time.monotonic() - began
            assert home.process is not None
            launcher = psutil.Process(home.process.pid)
            family = [launcher, *launcher.children(recursive=True)]
            time.sleep(min(minutes * 60, 20))
            before, since = _cpu(family), time.monotonic()
            time.sleep(max(minutes * 60 - 20, 10))
            share = (_cpu(family) - before) / (time.monotonic() - since)
            resident = [process.memory_info().rss / 1e6 for process in family]
            _code, stopped = home.stop()
    return Section(
        "The whole of `meterkast up`",
        f"A simulated DSMR 5 meter, one telegram a second, watched for {minutes:g} minutes; broker and all services.",
        (
            Figure("first live value", f"{live:.1f} s after the start", "≤ 5 s"),
            Figure("resident memory", f"{sum(resident):.0f} MB ({_parts(family, resident)})", "< 120 MB"),
            Figure("processor", f"{share * 100:.1f} % of a core", "< 2 %"),
            Figure("stop by Ctrl-C", f"{stopped:.1f} s", "≤ 2 s"),
        ),
    )


def _cpu(family: list[psutil.Process]) -> float:
    return float(sum(process.cpu_times().user + process.cpu_times().system for process in family))


def _parts(family: list[psutil.Process], resident: list[float]) -> str:
    names = ("Meterkast", *("broker" for _ in family[1:]))
    return ", ".join(f"{name} {size:.0f}" for name, size in zip(names, resident, strict=True))
