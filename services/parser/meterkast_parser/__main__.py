"""`meterkast-parser`: turns raw telegrams on the broker into readings, values, events and refusals."""

import argparse

from meterkast_contracts.topics import Topics
from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import MqttSession
from meterkast_runtime.service import run_main
from meterkast_runtime.settings import settings_or_exit

from meterkast_parser.service import ParserService
from meterkast_parser.settings import ParserSettings

EPILOGUE = """\
Settings come from METERKAST_… variables and meterkast.toml, for example:

  METERKAST_MQTT__HOST=broker.local METERKAST_PARSER__READING_INTERVAL_S=10 meterkast-parser

  [parser]
  reading_interval_s = 10          # one reading per ten seconds instead of every telegram's
  publish_obis = false             # leave out dsmr/<gateway>/obis/…
  keys = { home = "0123…cdef" }    # AES key of a ciphered port (Luxembourg, Austria)

What it refuses appears on dsmr/<gateway>/rejected with the reason and the bytes.
"""


def build_parser(settings: ParserSettings, health: Health) -> ParserService:
    """Build the service with its sessions."""
    instance = settings.instance
    session = MqttSession(
        settings.mqtt,
        client_id=f"meterkast-parser-{instance}",
        subscriptions=ParserService.subscriptions(Topics(settings.mqtt.prefix)),
        health=health,
    )
    recall = MqttSession(
        settings.mqtt,
        client_id=f"meterkast-parser-{instance}-recall",
        subscriptions=(Topics(settings.mqtt.prefix).reading("+"),),
        persistent=False,
    )
    service = ParserService(settings, session, recall)
    service.tell(health)
    return service


def main() -> None:
    """Run the parser service until it is told to stop."""
    formatter = argparse.RawDescriptionHelpFormatter
    argparse.ArgumentParser(
        prog="meterkast-parser", description=__doc__, epilog=EPILOGUE, formatter_class=formatter
    ).parse_args()
    settings = settings_or_exit(ParserSettings)
    health = Health("parser", settings.instance)
    run_main(lambda: build_parser(settings, health), settings=settings, health=health)


if __name__ == "__main__":
    main()
