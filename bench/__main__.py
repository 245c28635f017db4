"""`python -m bench`: measures everything, prints it and writes `bench/results.md`."""

import argparse
import sys

from meterkast_runtime.log import LogSection, configure_logging

from bench import decode, history, home, latency, throughput
from bench.report import write


def main() -> None:
    """Measure what is asked for; only a full run is written."""
    measures = {
        "decode": decode.measure,
        "throughput": throughput.measure,
        "latency": latency.measure,
        "history": history.measure,
        "home": lambda: home.measure(arguments.minutes),
    }
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long memory is watched")
    parser.add_argument("--only", choices=measures, action="append", help="measure this part alone")
    arguments = parser.parse_args()
    configure_logging(LogSection(level="error"))
    sections = []
    for name in arguments.only or measures:
        sections.append(measures[name]())
        sys.stdout.write(sections[-1].text() + "\n")
        sys.stdout.flush()
    if not arguments.only:
        write(sections)


if __name__ == "__main__":
    main()
