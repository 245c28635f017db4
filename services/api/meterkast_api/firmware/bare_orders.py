"""Updates that were ordered without a release: a button of Home Assistant, or any MQTT client, can name none."""

import asyncio

from meterkast_contracts.topics import Command, TopicError, Topics
from meterkast_runtime.log import get_logger
from meterkast_runtime.mqtt import Message

from meterkast_api.commands import Commands
from meterkast_api.firmware.address import update_order
from meterkast_api.firmware.shelf import Shelf
from meterkast_api.problems import ProblemError

_LOG = get_logger("meterkast_api")


class BareOrders:
    """Follows a bare `update` on the bus with one that names the newest release, where `base` says how to reach us."""

    def __init__(self, topics: Topics, shelf: Shelf, base: str | None) -> None:
        self._topics = topics
        self._shelf = shelf
        self._base = base

    def subscriptions(self) -> tuple[str, ...]:
        """The orders to listen to, where they can be followed."""
        return (self._topics.command("+", Command.UPDATE),) if self._base else ()

    def of(self, topic: str) -> bool:
        """Whether a message is an order to update."""
        return self._base is not None and topic.endswith(f"/command/{Command.UPDATE}")

    async def take(self, message: Message, commands: Commands) -> None:
        """Send the order that was meant; one that names a release is left alone, and so is a retained one."""
        if message.payload.strip() or message.retain or self._base is None:
            return
        try:
            gateway = self._topics.parse(message.topic).gateway
            newest = await asyncio.to_thread(self._shelf.newest)
            if newest is None:
                _LOG.warning(
                    "an update was ordered, and there is no release: meterkast firmware release", gateway=gateway
                )
                return
            version = newest.manifest.version
            await commands.send(gateway, Command.UPDATE, update_order(self._base, version))
        except TopicError as error:
            _LOG.warning("an order makes no sense and is ignored", reason=str(error))
        except ProblemError as error:
            _LOG.warning("an update that was ordered could not be sent", gateway=gateway, reason=error.detail)
        else:
            _LOG.info("an update was ordered without a release: the newest was sent", gateway=gateway, version=version)
