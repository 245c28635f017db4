"""`meterkast-parser`: turns raw telegrams on the broker into readings, values, events and refusals."""

import argparse

from meterkast_contracts.topics import Topics
from meterkast_runtime.departure import Departure
from meterkast_runtime.health import Health
from meterkast_runtime.log import get_logger
from meterkast_runtime.mqtt import MqttSession
from meterkast_runtime.service import run_main
from meterkast_runtime.settings import settings_or_exit

from meterkast_parser.forgetting import Forgetting
from meterkast_parser.publishers import Publishers
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
    return _Workshop(settings, health).parser()


def build_departure(settings: ParserSettings, health: Health) -> Departure:
    """Build the service that reads what still waits for this instance, and then gives its share to the others."""
    return _Workshop(settings, health).departure()


class _Workshop:
    """Where the parser's parts are put together."""

    def __init__(self, settings: ParserSettings, health: Health) -> None:
        self._settings = settings
        self._health = health
        self._topics = Topics(settings.mqtt.prefix)
        share = settings.parser.share
        name = f"meterkast-parser-{settings.instance}"
        self._client_id = f"{name}-{share}" if share else name
        self._publishers = Publishers(settings, self._report)
        self._devices = (self._topics.device("+"),) if self._publishers.wants_devices else ()

    def parser(self) -> ParserService:
        """The service as it works."""
        shares = bool(self._settings.parser.share)
        readings = () if shares else (self._topics.reading("+"),)
        recall = self._asking("recall", (*readings, *self._devices, *self._publishers.filters()))
        service, _ = self._service(recall=recall, trial=self._trial() if shares else None)
        return service

    def departure(self) -> Departure:
        """The service as it leaves the broker."""
        service, session = self._service(leaving=True)
        return Departure(service, session, lambda: service.busy)

    def _service(
        self, *, recall: MqttSession | None = None, trial: Trial | None = None, leaving: bool = False
    ) -> tuple[ParserService, MqttSession]:
        settings, publishers = self._settings, self._publishers

        def connected(session_present: bool) -> None:  # noqa: FBT001 - MqttSession's callback
            service.connected(session_present)

        session = MqttSession(
            settings.mqtt,
            client_id=self._client_id,
            subscriptions=(*ParserService.subscriptions(self._topics, settings.parser.share), *self._devices),
            on_connect=connected,
            health=self._health,
            leaving=leaving,
        )
        forgetting = Forgetting(
            self._topics, lambda gateway, filters: self._asking(f"forget-{gateway}", filters), publishers.retained
        )
        service = ParserService(settings, session, publishers, forgetting, recall=recall, trial=trial)
        service.tell(self._health)
        return service, session

    def _asking(self, name: str, filters: tuple[str, ...]) -> MqttSession:
        return MqttSession(
            self._settings.mqtt, client_id=f"{self._client_id}-{name}", subscriptions=filters, persistent=False
        )

    def _trial(self) -> Trial:
        topic = self._health.topic
        session = MqttSession(
            self._settings.mqtt,
            client_id=f"{self._client_id}-trial",
            subscriptions=(f"$share/{self._client_id}-trial/{topic}",),
            persistent=False,
            quiet=True,
        )
        return Trial(session, topic, self._health.message().to_json())

    def _report(self, sentence: str | None) -> None:
        if sentence is None:
            self._health.ok(part="compat")
            return
        get_logger("parser").warning(sentence)
        self._health.degraded(sentence, part="compat")


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
