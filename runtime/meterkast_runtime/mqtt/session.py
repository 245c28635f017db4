"""A session with the broker that outlives every connection."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Any, Literal, Self

from paho.mqtt.client import ConnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from meterkast_runtime.backoff import Backoff
from meterkast_runtime.errors import MqttClosedError, MqttConnectionError, MqttQueueFullError
from meterkast_runtime.health import Health
from meterkast_runtime.log import get_logger
from meterkast_runtime.mqtt.link import Link, PahoClient
from meterkast_runtime.mqtt.message import Message, Will
from meterkast_runtime.mqtt.settings import MqttSettings
from meterkast_runtime.mqtt.wire import open_wire

GREETING_WITHIN_S = 20.0
GOODBYE_WITHIN_S = 0.5
STABLE_S = 10.0
MESSAGES_PER_TURN = 64

log = get_logger("mqtt")


class MqttSession:
    """Receives and publishes, and reconnects for ever; nothing published is lost before the broker has it.

    While a publish waits for its acknowledgement the connection is read even beyond `receive_limit`, since the answer
    may stand behind messages; otherwise reading stops at the limit and the rest waits with the broker.
    """

    def __init__(
        self,
        settings: MqttSettings,
        *,
        client_id: str,
        subscriptions: Sequence[str] = (),
        will: Will | None = None,
        persistent: bool = True,
        on_connect: Callable[[bool], None] | None = None,
        receive_limit: int = 1000,
        publish_limit: int = 10_000,
        health: Health | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self.settings = settings
        self.client_id = client_id
        self.connected = False
        self.session_present = False
        self._subscriptions = tuple(subscriptions)
        self._will = will
        self._persistent = persistent
        self._on_connect = on_connect
        self._receive_limit = receive_limit
        self._publish_limit = publish_limit
        self._health = health
        self._backoff = backoff or Backoff()
        self._received: deque[Message] = deque()
        self._unconfirmed: dict[int, asyncio.Future[None]] = {}
        self._arrival = asyncio.Event()
        self._connection = asyncio.Event()
        self._greeting: asyncio.Future[bool] | None = None
        self._trouble: str | None = None
        self._closed = False
        self._link: Link | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        settings = self.settings
        self._loop = asyncio.get_running_loop()
        self._client = client = PahoClient(self.client_id, clean_session=not self._persistent)
        password = settings.password.get_secret_value() if settings.password is not None else None
        if settings.username is not None:
            client.username_pw_set(settings.username, password)
        if self._will is not None:
            client.will_set(self._will.topic, self._will.payload, self._will.qos, self._will.retain)
        client.connect_async(settings.host, settings.port, settings.keepalive_s)
        client.on_connect = self._greeted
        client.on_subscribe = self._subscribed
        client.on_message = self._take
        client.on_publish = self._confirmed
        self._task = asyncio.create_task(self._keep_connected(), name=f"mqtt {self.client_id}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    async def wait_connected(self) -> None:
        """Wait until the broker has let us in and confirmed the subscriptions."""
        await self._connection.wait()

    def publish(
        self, topic: str, payload: bytes | str, *, qos: Literal[0, 1] = 1, retain: bool = False
    ) -> asyncio.Future[None]:
        """Publish; the future is done at the broker's PUBACK, however many connections that takes.

        QoS 0 is done at once, and lost while there is no connection. Raises MqttQueueFullError, MqttClosedError.
        """
        if self._closed:
            raise MqttClosedError
        done: asyncio.Future[None] = self._loop.create_future()
        if qos == 0:
            self._client.publish(topic, payload, 0, retain)
            done.set_result(None)
            return done
        if len(self._unconfirmed) >= self._publish_limit:
            raise MqttQueueFullError(self._publish_limit)
        sent = self._client.publish(topic, payload, 1, retain)
        while sent.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:  # the number is still taken by an older message
            sent = self._client.publish(topic, payload, 1, retain)
        self._unconfirmed[sent.mid] = done
        if self._link is not None and self._link.paused:
            self._link.resume()
        return done

    async def messages(self) -> AsyncIterator[Message]:
        """Give the messages in order, until the session is closed."""
        received = self._received
        turn = MESSAGES_PER_TURN
        while True:
            while received:
                message = received.popleft()
                if self._link is not None and self._link.paused and len(received) < self._receive_limit:
                    self._link.resume()
                yield message
                turn -= 1
                if not turn:
                    turn = MESSAGES_PER_TURN
                    await asyncio.sleep(0)
            if self._closed:
                return
            self._arrival.clear()
            await self._arrival.wait()

    async def flush(self) -> None:
        """Wait until the broker has acknowledged all that was published."""
        while self._unconfirmed:
            await asyncio.wait(list(self._unconfirmed.values()))

    async def aclose(self) -> None:
        """Say goodbye and end; what is not acknowledged by now is cancelled."""
        if self._closed:
            return
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._link is not None:
            await self._link.goodbye(GOODBYE_WITHIN_S)
            self._link = None
        self.connected = False
        for waiting in self._unconfirmed.values():
            waiting.cancel()
        self._unconfirmed.clear()
        self._arrival.set()

    async def _keep_connected(self) -> None:
        while True:
            try:
                await self._connect_once()
            except MqttConnectionError as error:
                self._report(str(error))
            await asyncio.sleep(self._backoff.next())

    async def _connect_once(self) -> None:
        wire = await open_wire(self.settings)
        self._greeting = greeting = self._loop.create_future()
        self._link = link = Link(self._client, wire, self.settings.keepalive_s)
        link.start()
        await asyncio.wait([greeting, link.lost], timeout=GREETING_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        where = f"{self.settings.host}:{self.settings.port}"
        if not greeting.done():
            link.fail("no answer")
            greeting.cancel()
            raise MqttConnectionError(
                f"{where} does not greet back as an MQTT broker", hint="check mqtt.port, mqtt.tls"
            )
        self.session_present = greeting.result()
        self._set_connected()
        began = self._loop.time()
        await link.lost
        self.connected = False
        self._connection.clear()
        if self._loop.time() - began >= STABLE_S:
            self._backoff.reset()
        self._report(f"the connection to {where} was lost")

    def _set_connected(self) -> None:
        self.connected = True
        self._connection.set()
        self._trouble = None
        log.info("connected to the MQTT broker", host=self.settings.host, port=self.settings.port)
        if self._health is not None:
            self._health.set("mqtt", "connected")
            self._health.ok(part="mqtt")
        if self._on_connect is not None:
            self._on_connect(self.session_present)

    def _report(self, sentence: str) -> None:
        if sentence != self._trouble:
            self._trouble = sentence
            log.warning("MQTT: %s", sentence, client_id=self.client_id)
        if self._health is not None:
            self._health.set("mqtt", "disconnected")
            self._health.degraded(sentence, part="mqtt")

    def _greeted(self, _client: Any, _data: Any, flags: ConnectFlags, reason: ReasonCode, _more: Any) -> None:
        if self._greeting is None or self._greeting.done():
            return
        if reason.is_failure:
            self._greeting.set_exception(self._refusal(reason))
        elif self._subscriptions:
            self.session_present = flags.session_present
            self._client.subscribe([(topic, 1) for topic in self._subscriptions])
        else:
            self._greeting.set_result(flags.session_present)

    def _refusal(self, reason: ReasonCode) -> MqttConnectionError:
        where = f"{self.settings.host}:{self.settings.port}"
        return MqttConnectionError(
            f"the broker at {where} refuses us ({reason})", hint="check mqtt.username and mqtt.password"
        )

    def _subscribed(self, _client: Any, _data: Any, _mid: int, reasons: list[ReasonCode], _more: Any) -> None:
        for topic, reason in zip(self._subscriptions, reasons, strict=False):
            if reason.is_failure:
                self._report(f"the broker does not let us read {topic}: check its access rules")
        if self._greeting is not None and not self._greeting.done():
            self._greeting.set_result(self.session_present)

    def _take(self, _client: Any, _data: Any, message: MQTTMessage) -> None:
        link = self._link if message.qos else None
        self._received.append(
            Message(message.topic, bytes(message.payload), message.retain, message.dup, message.mid, link)
        )
        self._arrival.set()
        if len(self._received) >= self._receive_limit and not self._unconfirmed and self._link is not None:
            self._link.pause()

    def _confirmed(self, _client: Any, _data: Any, mid: int, _reason: Any, _more: Any) -> None:
        done = self._unconfirmed.pop(mid, None)
        if done is not None and not done.done():
            done.set_result(None)
