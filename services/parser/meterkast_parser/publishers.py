"""Everybody for whom the parser publishes beside the contract's own topics."""

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import DeviceInfo
from meterkast_contracts.topics import Topics

from meterkast_parser.compat.chosen import Chosen
from meterkast_parser.compat.logger_topics import LoggerTopics
from meterkast_parser.compat.reader_topics import ReaderTopics
from meterkast_parser.compat.settings import RESERVED
from meterkast_parser.homeassistant.components import Place
from meterkast_parser.homeassistant.discovery import Discovery
from meterkast_parser.outgoing import Outgoing, Publisher
from meterkast_parser.settings import ParserSettings


class ReservedNameError(ValueError):
    """A gateway has a name that cannot be told from another program's topics."""


class Publishers:
    """The publishers that are switched on; and what takes back what an earlier run told Home Assistant."""

    def __init__(self, settings: ParserSettings, report: Callable[[str | None], None]) -> None:
        """`report` takes a sentence about what the settings lack, None when nothing lacks any more."""
        section = settings.parser
        topics, zone = Topics(settings.mqtt.prefix), ZoneInfo(settings.home.timezone)
        language, has_values = settings.home.language, section.publishes_values
        compat = section.compat
        self._enabled = section.tells_homeassistant
        self._discovery = Discovery(
            section.homeassistant.prefix, lambda gateway: Place(topics, gateway, language, has_values)
        )
        self._chosen = Chosen(compat.gateway, report if compat.dsmr_reader or compat.dsmr_logger else _unheard)
        self._reserved = RESERVED if compat.dsmr_reader and compat.dsmr_reader_topic == topics.prefix else frozenset()
        self._leftovers: list[str] = []
        switched: tuple[tuple[bool, Publisher], ...] = (
            (self._enabled, self._discovery),
            (compat.dsmr_reader, ReaderTopics(compat.dsmr_reader_topic, self._chosen, zone)),
            (
                compat.dsmr_logger,
                LoggerTopics(compat.dsmr_logger_topic, compat.dsmr_logger_interval_s, self._chosen, zone),
            ),
        )
        self.all = tuple(publisher for on, publisher in switched if on)

    @property
    def wants_devices(self) -> bool:
        """Whether what gateways say of themselves is of use."""
        return self._enabled

    def filters(self) -> tuple[str, ...]:
        """Return the filters of what an earlier run left."""
        return self._discovery.filters()

    def recall(self, topic: str, payload: bytes) -> bool:
        """Take a message that an earlier run left; return whether it is a publisher's matter."""
        if not self._discovery.is_topic(topic):
            return False
        if self._discovery.recall(topic, payload) and not self._enabled:
            self._leftovers.append(topic)
        return True

    def leftovers(self) -> Iterator[Outgoing]:
        """Yield what takes back what an earlier run told, where it is switched off now."""
        return (Outgoing(topic, b"", retain=True) for topic in self._leftovers)

    def check(self, gateway: str) -> None:
        """Raise ReservedNameError for a name that another program's topics have."""
        if gateway in self._reserved:
            raise ReservedNameError(
                f"a gateway cannot be called {gateway} while DSMR-reader's topics are written: rename it, or set "
                "parser.compat.dsmr_reader_topic"
            )

    def meet(self, gateway: str) -> None:
        """Note that there is a gateway."""
        self._chosen.meet(gateway)

    def retained(self, gateway: str) -> tuple[str, ...]:
        """Return the filters of all that publishers retain for a gateway."""
        return tuple(topic for publisher in self.all for topic in publisher.retained(gateway))

    def device(self, gateway: str, info: DeviceInfo) -> Iterator[Outgoing]:
        """Return what changes by what a gateway says of itself."""
        return self._discovery.device(gateway, info)

    def again(self) -> None:
        """Tell everything anew: the broker may have lost it."""
        self._discovery.again()

    def forget(self, gateway: str) -> None:
        """Begin anew with a gateway."""
        self._discovery.forget(gateway)
        self._chosen.forget(gateway)


def _unheard(_sentence: str | None) -> None:
    """Where no such topics are written, nothing is to be said."""
