"""`meterkast-parser`: turns raw telegrams on the broker into readings, values, events and refusals."""

import argparse

from meterkast_contracts.topics import Topics
from meterkast_runtime.health import Health
from meterkast_runtime.log import get_logger
from meterkast_runtime.mqtt import MqttSession
from meterkast_runtime.service import run_main
from meterkast_runtime.settings import settings_or_exit

from meterkast_parser.forgetting import Forgetting
from meterkast_parser.publishers import Publishers
from meterkast_parser.service import ParserService
from meterkast_parser.settings import ParserSettings

EPILOGUE = """\
Settings come from METERKAST_… variables and meterkast.toml, for example:

  METERKAST_MQTT__HOST=broker.local METERKAST_PARSER__READING_INTERVAL_S=10 meterkast-parser

  [parser]
  reading_interval_s = 10          # one reading per ten seconds instead of every telegram's
  publish_obis = false             # leave out dsmr/<gateway>/obis/…
  keys = { home = "0123…cdef" }    # AES key of a ciphered port (Luxembourg, Austria)

  [parser.homeassistant]
  enabled = false                  # no MQTT discovery; what was told before is taken back

  [parser.compat]
  dsmr_reader = true               # DSMR-reader's topics, dsmr/reading/…
  dsmr_logger = true               # the DSMR logger's topics, DSMR-API/…
  gateway = "home"                 # whose meter those show, where there are several

What it refuses appears on dsmr/<gateway>/rejected with the reason and the bytes.
"""


def build_parser(settings: ParserSettings, health: Health) -> ParserService:
    """Build the service with its sessions."""
    topics = Topics(settings.mqtt.prefix)
    client_id = f"meterkast-parser-{settings.instance}"

    def report(sentence: str | None) -> None:
        if sentence is None:
            health.ok(part="compat")
            return
        get_logger("parser").warning(sentence)
        health.degraded(sentence, part="compat")

    def connected(session_present: bool) -> None:  # noqa: FBT001 - MqttSession's callback
        service.connected(session_present)

    def asking(name: str, filters: tuple[str, ...]) -> MqttSession:
        return MqttSession(settings.mqtt, client_id=f"{client_id}-{name}", subscriptions=filters, persistent=False)

    publishers = Publishers(settings, report)
    devices = (topics.device("+"),) if publishers.wants_devices else ()
    session = MqttSession(
        settings.mqtt,
        client_id=client_id,
        subscriptions=(*ParserService.subscriptions(topics), *devices),
        on_connect=connected,
        health=health,
    )
    recall = asking("recall", (topics.reading("+"), *devices, *publishers.filters()))
    forgetting = Forgetting(topics, lambda gateway, filters: asking(f"forget-{gateway}", filters), publishers.retained)
    service = ParserService(settings, session, recall, publishers, forgetting)
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
