"""Raw telegrams in; readings, values, events and refusals out; acknowledged when all of it is published."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import DeviceInfo, Reading, RejectReason
from meterkast_contracts.topics import Command, GatewayTopic, Topics
from meterkast_runtime.health import Health
from meterkast_runtime.log import get_logger
from meterkast_runtime.metrics import Counter, total
from meterkast_runtime.mqtt import Message, MqttSession

from meterkast_parser.decryption import decrypt, is_ciphered
from meterkast_parser.errors import TelegramError
from meterkast_parser.forgetting import Forgetting
from meterkast_parser.gateway import Gateway, Options
from meterkast_parser.lane import Lane
from meterkast_parser.outgoing import Outgoing
from meterkast_parser.publishers import Publishers
from meterkast_parser.settings import ParserSettings
from meterkast_parser.sharing import Trial

TELEGRAMS = Counter("meterkast_parser_telegrams", "Telegrams that became readings.")
REJECTED = Counter("meterkast_parser_rejected", "Telegrams that were refused.", ["reason"])
STRAY = Counter("meterkast_parser_stray_messages", "Messages on telegram topics that the contract does not know.")


_RECALL_SILENCE_S = 0.3
_UNPUBLISHED_LIMIT = 4000
_TOLD_LIMIT = 1000


class ParserService:
    """The parser as one service of the pipeline."""

    name = "parser"

    def __init__(
        self,
        settings: ParserSettings,
        session: MqttSession,
        publishers: Publishers,
        forgetting: Forgetting,
        *,
        recall: MqttSession | None = None,
        trial: Trial | None = None,
    ) -> None:
        """`session` brings telegrams, `recall` once what an earlier run retained; `trial` comes before sharing."""
        section = settings.parser
        self._session = session
        self._publishers = publishers
        self._forgetting = forgetting
        self._recall = recall
        self._trial = trial
        self._topics = Topics(settings.mqtt.prefix)
        self._keys = {name: bytes.fromhex(key.get_secret_value()) for name, key in section.keys.items()}
        self._authentication_key = bytes.fromhex(section.authentication_key.get_secret_value())
        self._options = Options(
            zone=ZoneInfo(settings.home.timezone),
            topics=self._topics,
            interval_s=section.reading_interval_s,
            publish_obis=section.publishes_obis,
            publish_values=section.publishes_values,
            check_crc=section.check_crc,
            lane=Lane.of(settings.instance) if section.share else None,
            publishers=publishers.all,
        )
        self._gateways: dict[str, Gateway] = {}
        self._unpublished = 0
        self._told: set[str] = set()
        self._log = get_logger("parser")

    def tell(self, health: Health) -> None:
        """Let health tell what was parsed."""
        health.figure("telegrams", lambda: total(TELEGRAMS))
        health.figure("rejected", lambda: total(REJECTED))
        health.figure("unpublished", lambda: self._unpublished)

    @staticmethod
    def subscriptions(topics: Topics, share: str | None = None) -> tuple[str, ...]:
        """Return the filters that the service's session needs."""
        group = f"$share/{share}/" if share else ""
        telegrams = f"{group}{topics.telegram('+')}"
        return telegrams, f"{telegrams}/+", topics.command("+", Command.FORGET)

    @property
    def busy(self) -> bool:
        """Whether telegrams are not yet taken or not yet published."""
        return bool(self._session.waiting or self._session.unconfirmed)

    def connected(self, session_present: bool) -> None:  # noqa: FBT001 - MqttSession's callback
        """Publish anew what the broker may have lost."""
        self._publishers.again()
        if not session_present:
            for gateway in self._gateways.values():
                gateway.again()

    async def run(self, ready: Callable[[], None]) -> None:
        """Work until cancelled."""
        if self._trial:
            await self._trial.run()
        if self._recall:
            await self._recall_retained(self._recall)
        async with self._session as session, self._forgetting:
            await session.wait_connected()
            for outgoing in self._publishers.leftovers():
                session.publish(outgoing.topic, outgoing.payload, retain=outgoing.retain)
            ready()
            async for message in session.messages():
                self._handle(message)
                if self._unpublished > _UNPUBLISHED_LIMIT:
                    await session.flush()

    async def _recall_retained(self, recall: MqttSession) -> None:
        """Take what an earlier run retained, so that what happened between the runs becomes events."""
        async with recall as session:
            await session.wait_connected()
            messages = session.messages()
            with contextlib.suppress(TimeoutError, StopAsyncIteration):
                while True:
                    async with asyncio.timeout(_RECALL_SILENCE_S):
                        message = await anext(messages)
                    self._remember(message)

    def _remember(self, message: Message) -> None:
        message.ack()
        if self._publishers.recall(message.topic, message.payload):
            return
        try:
            topic = self._topics.parse(message.topic)
            if topic.kind == "device":
                self._device(topic.gateway, message)
            else:
                self._gateway(topic.gateway).remember(Reading.from_json(message.payload))
        except ValueError as error:
            self._log.warning("A retained message cannot be read", topic=message.topic[:100], error=str(error)[:200])

    def _device(self, name: str, message: Message) -> tuple[Outgoing, ...]:
        """Return what changes by what a gateway says of itself; raise ValueError for nonsense."""
        if not message.payload:
            return ()
        return tuple(self._publishers.device(name, DeviceInfo.from_json(message.payload)))

    def _handle(self, message: Message) -> None:
        try:
            topic = self._topics.parse(message.topic)
            self._publishers.check(topic.gateway)
            told = self._device(topic.gateway, message) if topic.kind == "device" else ()
        except ValueError as error:
            self._ignore(message, error)
            return
        match topic.kind:
            case "device":
                self._publish(told, message)
            case "command":
                self._forgetting.begin(topic.gateway, message, done=partial(self._forgotten, topic.gateway))
            case _:
                self._telegram(topic, message)

    def _ignore(self, message: Message, error: ValueError) -> None:
        """Tell of a message that makes no sense, once per topic."""
        STRAY.inc()
        topic = message.topic[:100]
        if topic not in self._told and len(self._told) < _TOLD_LIMIT:
            self._told.add(topic)
            self._log.warning("A message makes no sense and is ignored", topic=topic, error=str(error)[:300])
        message.ack()

    def _forgotten(self, name: str) -> None:
        """Begin anew with a gateway of which all that was retained is cleared."""
        self._gateways.pop(name, None)
        self._publishers.forget(name)

    def _telegram(self, topic: GatewayTopic, message: Message) -> None:
        gateway = self._gateway(topic.gateway)
        now = datetime.now(UTC)
        received_at = now
        raw = message.payload
        try:
            if topic.sent_ms is not None:
                received_at = _sent_at(topic.sent_ms)
            late = topic.sent_ms is not None
            outgoing: Iterable[Outgoing] = gateway.take(self._plain(gateway.name, raw), received_at, late=late)
            TELEGRAMS.inc()
        except TelegramError as error:
            REJECTED.labels(error.reason).inc()
            rejected = gateway.reject(error, raw, received_at)
            outgoing = (rejected,) if rejected else ()
            if rejected:
                self._log.warning("Telegram refused", gateway=gateway.name, reason=error.reason, detail=error.detail)
        self._publish(outgoing, message)

    def _plain(self, name: str, raw: bytes) -> bytes:
        if not is_ciphered(raw):
            return raw
        key = self._keys.get(name)
        if key is None:
            detail = f"the telegram is ciphered: put the grid operator's key into the setting parser.keys.{name}"
            raise TelegramError(RejectReason.DECRYPTION, detail)
        return decrypt(raw, key=key, authentication_key=self._authentication_key)

    def _gateway(self, name: str) -> Gateway:
        if (gateway := self._gateways.get(name)) is None:
            gateway = self._gateways[name] = Gateway(name, self._options, time.monotonic)
            self._publishers.meet(name)
        return gateway

    def _publish(self, outgoing: Iterable[Outgoing], message: Message) -> None:
        """Publish all, and acknowledge the telegram when the broker has acknowledged the last of it."""
        publish = self._session.publish
        pending = [publish(item.topic, item.payload, retain=item.retain) for item in outgoing]
        left = len(pending)
        if not left:
            message.ack()
            return

        self._unpublished += left

        def done(future: asyncio.Future[None]) -> None:
            nonlocal left
            self._unpublished -= 1
            if not future.cancelled() and future.exception() is None:
                left -= 1
                if not left:
                    message.ack()

        for future in pending:
            future.add_done_callback(done)


def _sent_at(sent_ms: int) -> datetime:
    try:
        return datetime.fromtimestamp(sent_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise TelegramError(RejectReason.MALFORMED, f"{sent_ms} in the topic is no time in milliseconds") from None
