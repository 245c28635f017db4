"""Gateways over MQTT: what they say of themselves, and orders to them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex

from meterkast_contracts.messages import DeviceInfo
from meterkast_contracts.topics import ONLINE, Command, TopicError, Topics
from meterkast_runtime.mqtt import Message, MqttSession, MqttSettings

from meterkast.greeting import greet

SETTLED_S = 0.5
"""After so long without a message everything retained has come."""


@dataclass(slots=True)
class Device:
    """What is known of one gateway: what it said last, and whether it is there."""

    name: str
    info: DeviceInfo | None = None
    online: bool | None = None
    said: list[DeviceInfo] = field(default_factory=list)
    telegrams: int = 0

    def take(self, kind: str, message: Message) -> bool:
        """Take a message in; whether it was of use."""
        match kind:
            case "status":
                self.online = message.payload == ONLINE if message.payload else None
            case "device" if message.payload:
                try:
                    self.info = DeviceInfo.from_json(message.payload)
                except ValueError:
                    return False
                self.said.append(self.info)
            case "telegram":
                self.telegrams += 1
            case _:
                return False
        return True


class Devices:
    """The gateways heard of so far, by name; `changed` gives the name of each as it says something."""

    def __init__(self, session: MqttSession, topics: Topics) -> None:
        self.known: dict[str, Device] = {}
        self._session = session
        self._topics = topics

    async def changed(self) -> AsyncIterator[Device]:
        """Each gateway as it says something, for ever."""
        async for message in self._session.messages():
            message.ack()
            try:
                topic = self._topics.parse(message.topic)
            except TopicError:
                continue
            device = self.known.setdefault(topic.gateway, Device(topic.gateway))
            if device.take(topic.kind, message):
                yield device

    async def settle(self) -> None:
        """Wait until what the broker retains has come."""
        changes = self.changed()
        while True:
            try:
                async with asyncio.timeout(SETTLED_S):
                    await anext(changes)
            except TimeoutError:
                return

    async def order(self, name: str, command: Command, payload: bytes = b"") -> None:
        """Send an order; it is done when the broker has it."""
        await self._session.publish(self._topics.command(name, command), payload)


@asynccontextmanager
async def devices(
    settings: MqttSettings, names: Iterable[str] = (), *, telegrams: bool = False
) -> AsyncIterator[Devices]:
    """Listen to these gateways, or to all; raises LauncherError where the broker cannot be used."""
    await greet(settings)
    topics = Topics(settings.prefix)
    kinds = (topics.device, topics.status, *((topics.telegram,) if telegrams else ()))
    wanted = [kind(name) for name in names or ("+",) for kind in kinds]
    session = MqttSession(
        settings, client_id=f"meterkast-firmware-{token_hex(4)}", persistent=False, subscriptions=wanted
    )
    async with session:
        await session.wait_connected()
        yield Devices(session, topics)
