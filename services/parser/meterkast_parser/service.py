"""Raw telegrams in; readings, values, events and refusals out; acknowledged when all of it is published."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import Reading, RejectReason
from meterkast_contracts.topics import GatewayTopic, TopicError, Topics
from meterkast_runtime.health import Health
from meterkast_runtime.log import get_logger
from meterkast_runtime.metrics import Counter, total
from meterkast_runtime.mqtt import Message, MqttSession

from meterkast_parser.decryption import decrypt, is_ciphered
from meterkast_parser.errors import TelegramError
from meterkast_parser.gateway import Gateway, Options, Outgoing
from meterkast_parser.settings import ParserSettings

TELEGRAMS = Counter("meterkast_parser_telegrams", "Telegrams that became readings.")
REJECTED = Counter("meterkast_parser_rejected", "Telegrams that were refused.", ["reason"])
STRAY = Counter("meterkast_parser_stray_messages", "Messages on telegram topics that the contract does not know.")


_RECALL_SILENCE_S = 0.3
_UNPUBLISHED_LIMIT = 4000


class ParserService:
    """The parser as one service of the pipeline."""

    name = "parser"

    def __init__(self, settings: ParserSettings, session: MqttSession, recall: MqttSession) -> None:
        """`session` brings the telegrams, `recall` once the retained readings."""
        section = settings.parser
        self._session = session
        self._recall = recall
        self._topics = Topics(settings.mqtt.prefix)
        self._keys = {name: bytes.fromhex(key.get_secret_value()) for name, key in section.keys.items()}
        self._authentication_key = bytes.fromhex(section.authentication_key.get_secret_value())
        self._options = Options(
            zone=ZoneInfo(settings.home.timezone),
            topics=self._topics,
            interval_s=section.reading_interval_s,
            publish_obis=section.publish_obis,
            publish_values=section.publish_values,
            check_crc=section.check_crc,
        )
        self._gateways: dict[str, Gateway] = {}
        self._unpublished = 0
        self._log = get_logger("parser")

    def tell(self, health: Health) -> None:
        """Let health tell what was parsed."""
        health.figure("telegrams", lambda: total(TELEGRAMS))
        health.figure("rejected", lambda: total(REJECTED))
        health.figure("unpublished", lambda: self._unpublished)

    @staticmethod
    def subscriptions(topics: Topics) -> tuple[str, ...]:
        """Return the filters that the service's session needs."""
        return topics.telegram("+"), f"{topics.telegram('+')}/+"

    async def run(self, ready: Callable[[], None]) -> None:
        """Work until cancelled."""
        await self._recall_readings()
        async with self._session as session:
            await session.wait_connected()
            ready()
            async for message in session.messages():
                self._handle(message)
                if self._unpublished > _UNPUBLISHED_LIMIT:
                    await session.flush()

    async def _recall_readings(self) -> None:
        """Take the retained readings of an earlier run, so that what happened between the runs becomes events."""
        async with self._recall as session:
            await session.wait_connected()
            messages = session.messages()
            with contextlib.suppress(TimeoutError, StopAsyncIteration):
                while True:
                    async with asyncio.timeout(_RECALL_SILENCE_S):
                        message = await anext(messages)
                    self._remember(message)

    def _remember(self, message: Message) -> None:
        message.ack()
        try:
            name = self._topics.parse(message.topic).gateway
            self._gateway(name).remember(Reading.from_json(message.payload))
        except ValueError as error:
            self._log.warning("A retained reading cannot be read", topic=message.topic[:100], error=str(error)[:200])

    def _handle(self, message: Message) -> None:
        try:
            self._telegram(self._topics.parse(message.topic), message)
        except TopicError as error:
            STRAY.inc()
            self._log.warning(
                "A message on an unknown topic is ignored", topic=message.topic[:100], error=str(error)[:200]
            )
            message.ack()

    def _telegram(self, topic: GatewayTopic, message: Message) -> None:
        gateway = self._gateway(topic.gateway)
        now = datetime.now(UTC)
        received_at = now
        raw = message.payload
        try:
            if topic.sent_ms is not None:
                received_at = _sent_at(topic.sent_ms)
            outgoing: Iterable[Outgoing] = gateway.take(self._plain(gateway.name, raw), received_at)
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
