"""Every MQTT topic of the contract: built and taken apart in one place."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

GATEWAY_PATTERN = r"[a-z0-9][a-z0-9_-]*"
_GATEWAY = re.compile(GATEWAY_PATTERN)

GatewayTopicKind = Literal["telegram", "status", "device", "reading", "obis", "value", "rejected", "event", "command"]
_WITHOUT_ITEM = frozenset({"telegram", "status", "device", "reading", "rejected", "event"})
_WITH_ITEM = frozenset({"obis", "value", "command"})

ONLINE = b"online"
OFFLINE = b"offline"


class Command(StrEnum):
    """What a gateway can be told to do; `forget` is for the parser, which then clears all that is retained of it.

    `update` carries JSON, `{"url": …}` of the release to take; a bare one is followed by the API's own, which names the
    newest release. `set` carries the settings to change.
    """

    RESTART = "restart"
    IDENTIFY = "identify"
    UPDATE = "update"
    SET = "set"
    FORGET_WIFI = "forget-wifi"
    PURGE_LOG = "purge-log"
    FORGET = "forget"


class TopicError(ValueError):
    """A topic or gateway name is not of the contract."""


@dataclass(frozen=True, slots=True)
class GatewayTopic:
    """One topic of a gateway; `item` is a code, name or command, `sent_ms` a late telegram's receive time."""

    gateway: str
    kind: GatewayTopicKind
    item: str | None = None
    sent_ms: int | None = None


def check_gateway(name: str) -> str:
    """Return the name if it is a gateway name (`[a-z0-9][a-z0-9_-]*`), raise TopicError otherwise."""
    if not _GATEWAY.fullmatch(name):
        raise TopicError(
            f"{name!r} is not a gateway name: use lower-case letters, digits, '_' and '-', "
            "beginning with a letter or digit"
        )
    return name


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics under a prefix; a gateway of `+` gives the filter for all gateways."""

    prefix: str = "dsmr"

    def telegram(self, gateway: str) -> str:
        """Raw telegrams, as they come."""
        return f"{self.prefix}/{gateway}/telegram"

    def late_telegram(self, gateway: str, received_ms: int) -> str:
        """A raw telegram sent late, with its receive time in Unix milliseconds."""
        return f"{self.prefix}/{gateway}/telegram/{received_ms}"

    def status(self, gateway: str) -> str:
        """`online` or `offline`, retained."""
        return f"{self.prefix}/{gateway}/status"

    def device(self, gateway: str) -> str:
        """DeviceInfo, retained."""
        return f"{self.prefix}/{gateway}/device"

    def reading(self, gateway: str) -> str:
        """Reading, retained."""
        return f"{self.prefix}/{gateway}/reading"

    def obis(self, gateway: str, code: str) -> str:
        """One value as the telegram's text, under its OBIS code, retained."""
        return f"{self.prefix}/{gateway}/obis/{code}"

    def value(self, gateway: str, name: str) -> str:
        """One value as text, under its plain name and unit, retained."""
        return f"{self.prefix}/{gateway}/value/{name}"

    def rejected(self, gateway: str) -> str:
        """Rejected."""
        return f"{self.prefix}/{gateway}/rejected"

    def event(self, gateway: str) -> str:
        """Event."""
        return f"{self.prefix}/{gateway}/event"

    def command(self, gateway: str, name: str) -> str:
        """An order to the gateway."""
        return f"{self.prefix}/{gateway}/command/{name}"

    def parse(self, topic: str) -> GatewayTopic:
        """Take a gateway's topic apart; raise TopicError if it is none of the contract's."""
        prefix = f"{self.prefix}/"
        gateway, _, rest = topic.removeprefix(prefix).partition("/")
        kind, _, item = rest.partition("/")
        if topic.startswith(prefix) and _GATEWAY.fullmatch(gateway):
            if kind in _WITHOUT_ITEM and not item:
                return GatewayTopic(gateway, kind)  # type: ignore[arg-type]
            if kind in _WITH_ITEM and item:
                return GatewayTopic(gateway, kind, item)  # type: ignore[arg-type]
            if kind == "telegram" and item.isascii() and item.isdigit():
                return GatewayTopic(gateway, "telegram", sent_ms=int(item))
        raise TopicError(f"{topic!r} is not a topic of the contract under {self.prefix!r}")


def service_status(service: str, instance: str) -> str:
    """ServiceHealth of one instance, retained, also its last will; `+` makes a filter."""
    return f"meterkast/{service}/{instance}/status"
