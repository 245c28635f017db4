"""`meterkast-reader`: reads P1 ports and publishes their telegrams."""

import argparse
from typing import Any

from meterkast_runtime.health import Health
from meterkast_runtime.service import run_main
from meterkast_runtime.settings import settings_or_exit

from meterkast_reader.service import ReaderService
from meterkast_reader.settings import ReaderSettings
from meterkast_reader.simulator import DIALECTS

EPILOGUE = f"""\
sources:
  /dev/ttyUSB0                              a P1 cable; the speed is found by listening (115200 8N1, 9600 7E1)
  serial:///dev/ttyUSB0?baud=115200         the same at a fixed speed
  socket://192.168.1.10:2001                ser2net or a WiFi bridge
  rfc2217://192.168.1.10:2217               a remote serial port whose speed can be set
  replay:telegrams.log.gz?speed=60&loop=1   a recording, 60 times as fast (speed=max: as fast as possible)
  simulator:be-emucs?gateways=3&seed=7      made-up houses; options speed, interval (s), start (a date)
      dialects: {", ".join(DIALECTS)}

Everything can also be set in meterkast.toml or by METERKAST_… variables, several ports like this:

  [reader]
  sources = [
    {{ gateway = "home", source = "/dev/ttyUSB0" }},
    {{ gateway = "shed", source = "socket://192.168.1.10:2001" }},
  ]

Telegrams appear on dsmr/<gateway>/telegram, what the reader says of itself on dsmr/<gateway>/device. What the broker
has not acknowledged waits in data_dir/spool, however long that takes.
"""


def build_reader(settings: ReaderSettings, health: Health) -> ReaderService:
    """Build the service as a command: it ends with its sources."""
    return ReaderService(settings, health, until_end=True)


def main() -> None:
    """Run the reader until it is told to stop."""
    parser = argparse.ArgumentParser(
        prog="meterkast-reader",
        description=__doc__,
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", nargs="?", metavar="SOURCE", help="where the telegrams come from (see below)")
    parser.add_argument("--gateway", metavar="NAME", help="name in the topics (default: home)")
    arguments = parser.parse_args()
    given: dict[str, Any] = {}
    if arguments.source:
        given = {"source": arguments.source, "sources": ()}
    if arguments.gateway:
        given["gateway"] = arguments.gateway
    settings = settings_or_exit(ReaderSettings, overrides={"reader": given} if given else None)
    if not settings.reader.model_fields_set & {"source", "sources"}:
        parser.error("no source is named: meterkast-reader /dev/ttyUSB0, or meterkast-reader simulator to try it out")
    health = Health("reader", settings.instance)
    run_main(lambda: build_reader(settings, health), settings=settings, health=health)


if __name__ == "__main__":
    main()
