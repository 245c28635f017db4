"""`python -m bench`: measures everything, prints it and writes `bench/results.md`."""

import argparse
import sys

from meterkast_runtime.log import LogSection, configure_logging

from bench import decode, history, home, latency, page, throughput
from bench.report import write

PARTS = ("decode", "throughput", "latency", "history", "page", "home")


def main() -> None:
    """Measure what is asked for; only a full run is written."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long memory is watched")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part alone")
    arguments = parser.parse_args()
    configure_logging(LogSection(level="error"))
    parts = (decode.measure, throughput.measure, latency.measure, history.measure, page.measure)
    measures = dict(zip(PARTS, parts, strict=False))
    sections = []
    for name in arguments.only or PARTS:
        sections.append(measures[name]() if name in measures else home.measure(arguments.minutes))
        sys.stdout.write(sections[-1].text() + "\n")
        sys.stdout.flush()
    if not arguments.only:
        write(sections)


if __name__ == "__main__":
    main()
