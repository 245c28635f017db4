"""`meterkast-parser`: turns raw telegrams on the broker into readings, values, events and refusals."""

import argparse

from meterkast_contracts.topics import Topics
from meterkast_runtime.departure import Departure
from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import MqttSession
from meterkast_runtime.service import run_main
from meterkast_runtime.settings import settings_or_exit

from meterkast_parser.service import ParserService
from meterkast_parser.settings import ParserSettings
from meterkast_parser.sharing import Trial

EPILOGUE = """\
Settings come from METERKAST_… variables and meterkast.toml, for example:

  METERKAST_MQTT__HOST=broker.local METERKAST_PARSER__READING_INTERVAL_S=10 meterkast-parser

  [parser]
  reading_interval_s = 10          # one reading per ten seconds instead of every telegram's
  publish_obis = false             # leave out dsmr/<gateway>/obis/…
  keys = { home = "0123…cdef" }    # AES key of a ciphered port (Luxembourg, Austria)

Several parsers share the telegrams of many meters when each has an instance name of its own and the same group:

  METERKAST_INSTANCE=parser-1 METERKAST_PARSER__SHARE=parser meterkast-parser

Then the writers tell the events (history.share), and obis/… and value/… are published only if asked for. The broker
goes on to give telegrams to a parser that is away; before one is taken away for good, run it once with --leave.

What it refuses appears on dsmr/<gateway>/rejected with the reason and the bytes.
"""


def build_parser(settings: ParserSettings, health: Health) -> ParserService:
    """Build the service with its sessions."""
    session = _session(settings, health)
    name = session.client_id
    if settings.parser.share:
        own = MqttSession(
            settings.mqtt,
            client_id=f"{name}-trial",
            subscriptions=(f"$share/{name}-trial/{health.topic}",),
            persistent=False,
            quiet=True,
        )
        return ParserService(settings, session, trial=Trial(own, health.topic, health.message().to_json()))
    recall = MqttSession(
        settings.mqtt,
        client_id=f"{name}-recall",
        subscriptions=(Topics(settings.mqtt.prefix).reading("+"),),
        persistent=False,
    )
    return ParserService(settings, session, recall=recall)


def build_departure(settings: ParserSettings, health: Health) -> Departure:
    """Build the service that reads what still waits for this instance, and then gives its share to the others."""
    session = _session(settings, health, leaving=True)
    service = ParserService(settings, session)
    return Departure(service, session, lambda: service.busy)


def _session(settings: ParserSettings, health: Health, *, leaving: bool = False) -> MqttSession:
    share = settings.parser.share
    name = f"meterkast-parser-{settings.instance}"
    return MqttSession(
        settings.mqtt,
        client_id=f"{name}-{share}" if share else name,
        subscriptions=ParserService.subscriptions(Topics(settings.mqtt.prefix), share),
        health=health,
        leaving=leaving,
    )


def main() -> None:
    """Run the parser service until it is told to stop."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="meterkast-parser", description=__doc__, epilog=EPILOGUE, formatter_class=formatter
    )
    parser.add_argument(
        "--leave", action="store_true", help="read what still waits for this instance, end its session, and stop"
    )
    build = build_departure if parser.parse_args().leave else build_parser
    settings = settings_or_exit(ParserSettings)
    health = Health("parser", settings.instance)
    run_main(lambda: build(settings, health), settings=settings, health=health)


if __name__ == "__main__":
    main()
