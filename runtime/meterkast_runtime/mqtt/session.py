"""A session with the broker that outlives every connection."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Literal, Self

from meterkast_runtime.backoff import Backoff
from meterkast_runtime.errors import MqttClosedError, MqttConnectionError
from meterkast_runtime.health import Health
from meterkast_runtime.log import get_logger
from meterkast_runtime.mqtt.client import PahoClient
from meterkast_runtime.mqtt.link import Greeting, Link
from meterkast_runtime.mqtt.message import Message, Will
from meterkast_runtime.mqtt.outbox import Outbox
from meterkast_runtime.mqtt.packets import Publish
from meterkast_runtime.mqtt.settings import MqttSettings
from meterkast_runtime.mqtt.subscriptions import Subscriptions
from meterkast_runtime.mqtt.traffic import TRAFFIC, Traffic
from meterkast_runtime.mqtt.wire import open_wire

GOODBYE_WITHIN_S = 0.5
STABLE_S = 10.0
BRIEF_CONNECTIONS = 3
MESSAGES_PER_TURN = 64

log = get_logger("mqtt")


class MqttSession:
    """Receives and publishes, and reconnects for ever; nothing published is lost before the broker has it.

    At `receive_limit` messages not yet taken it stops reading, and the rest waits with the broker; but while a publish
    waits for its PUBACK, or a connection for its greeting, it reads on, since that answer may stand behind messages.
    `leaving`: it gives its subscriptions up, so that only what already waits for it comes.
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
        quiet: bool = False,
        leaving: bool = False,
    ) -> None:
        self.settings = settings
        self.session_present = False
        self._subscriptions = Subscriptions(subscriptions)
        self._will = will
        self._persistent = persistent
        self._on_connect = on_connect
        self._receive_limit = receive_limit
        self._outbox = Outbox(publish_limit)
        self._health = health
        self._backoff = backoff or Backoff()
        self._quiet = quiet
        self._leaving = leaving
        self._traffic = Traffic(client_id, self._outbox)
        self._received: deque[Message] = deque()
        self._arrival = asyncio.Event()
        self._connection = asyncio.Event()
        self._trouble: str | None = None
        self._brief_connections = 0
        self._link: Link | None = None
        self._closed = False

    @property
    def client_id(self) -> str:
        """The name the broker knows this session by."""
        return self._traffic.client_id

    @property
    def connected(self) -> bool:
        """Whether the broker has let us in and confirmed the subscriptions."""
        return self._traffic.connected

    @property
    def waiting(self) -> int:
        """Messages received and not yet taken."""
        return len(self._received)

    @property
    def received(self) -> int:
        """Messages received so far."""
        return self._traffic.received

    @property
    def unconfirmed(self) -> int:
        """Messages published and not yet acknowledged by the broker."""
        return len(self._outbox)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._client = PahoClient(self.settings, self.client_id, persistent=self._persistent, will=self._will)
        self._task = asyncio.create_task(self._keep_connected(), name=f"mqtt {self.client_id}")
        self._task.add_done_callback(self._ended)
        TRAFFIC.add(self._traffic)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    async def wait_connected(self) -> None:
        """Wait until the broker has let us in and confirmed the subscriptions; raises MqttClosedError at the end."""
        await self._connection.wait()
        self._check_open()

    def publish(
        self, topic: str, payload: bytes | str, *, qos: Literal[0, 1] = 1, retain: bool = False
    ) -> asyncio.Future[None]:
        """Publish; the future is done at the broker's PUBACK, however many connections that takes.

        QoS 0 is done at once, and lost while there is no connection. Raises MqttQueueFullError, MqttClosedError.
        """
        if self._closed:
            self._check_open()
        link = self._link
        if qos == 0:
            if link is not None:
                link.write_unkept(topic, payload, retain=retain)
            done: asyncio.Future[None] = self._loop.create_future()
            done.set_result(None)
            return done
        if link is not None and link.paused:
            link.resume()
        return self._outbox.publish(topic, payload, retain=retain)

    def subscribe(self, *topics: str, qos: Literal[0, 1] = 1) -> asyncio.Future[tuple[str, ...]]:
        """Listen to further topics, over this connection and all to come.

        The future is done when the broker has confirmed it, and gives the topics that it refused. Raises
        MqttClosedError.
        """
        self._check_open()
        done = self._subscriptions.add(topics, qos)
        done.add_done_callback(self._subscribed)
        return done

    def unsubscribe(self, *topics: str) -> None:
        """Listen to these no more; what is on its way may still arrive."""
        self._subscriptions.remove(topics)

    async def messages(self) -> AsyncIterator[Message]:
        """Give the messages in order, until the session is closed."""
        received = self._received
        turn = MESSAGES_PER_TURN
        while True:
            while received:
                message = received.popleft()
                if self._link is not None and self._link.paused and len(received) <= self._receive_limit // 2:
                    self._link.resume()
                yield message
                turn -= 1
                if not turn:
                    turn = MESSAGES_PER_TURN
                    await asyncio.sleep(0)
            if self._closed:
                self._check_task()
                return
            self._arrival.clear()
            await self._arrival.wait()

    async def flush(self) -> None:
        """Wait until the broker has acknowledged all that was published."""
        while waiting := self._outbox.futures:
            await asyncio.wait(waiting)

    async def aclose(self) -> None:
        """Say goodbye and end; what the broker has not acknowledged by now is cancelled."""
        self._task.cancel()
        await asyncio.wait([self._task])
        link, self._link = self._link, None
        if link is not None:
            await link.goodbye(GOODBYE_WITHIN_S)

    async def _keep_connected(self) -> None:
        while True:
            try:
                await self._connect_once()
            except MqttConnectionError as error:
                self._report(str(error))
            await asyncio.sleep(self._backoff.next())

    async def _connect_once(self) -> None:
        """Connect and stay until the connection is lost; raises MqttConnectionError where that fails."""
        wire = await open_wire(self.settings)
        link = self._link = Link(self._client, wire, self._outbox, self._take)
        made = dict(self._subscriptions.wanted)
        greeting = await link.greet(made, leaving=self._leaving)
        began = self._loop.time()
        self._begin(greeting)
        if not self._leaving:
            self._subscriptions.open(link, made, greeting.refused)
        await asyncio.wait([link.lost])
        self._subscriptions.close()
        self._traffic.connected = False
        self._connection.clear()
        self._report(self._loss(self._loop.time() - began))

    def _begin(self, greeting: Greeting) -> None:
        self.session_present = greeting.session_present
        self._traffic.connected = True
        self._traffic.connects += 1
        self._connection.set()
        self._trouble = None
        self._log(logging.INFO, "connected to the MQTT broker at %s", self.settings.address)
        if self._health is not None:
            self._health.set("mqtt", "connected")
            self._health.ok(part="mqtt")
        self._tell_refused(greeting.refused)
        if self._on_connect is not None:
            self._on_connect(greeting.session_present)

    def _subscribed(self, done: asyncio.Future[tuple[str, ...]]) -> None:
        if not done.cancelled():
            self._tell_refused(done.result())

    def _tell_refused(self, topics: Sequence[str]) -> None:
        if topics:
            what = f"the broker at {self.settings.address} does not let us read {', '.join(topics)}"
            self._report(f"{what}: check its access rules")

    def _loss(self, lasted_s: float) -> str:
        if lasted_s >= STABLE_S:
            self._backoff.reset()
            self._brief_connections = 0
        self._brief_connections += 1
        if self._brief_connections < BRIEF_CONNECTIONS:
            return f"the connection to {self.settings.address} was lost"
        return (
            f"the connection to {self.settings.address} breaks again and again: is another program running as "
            f"{self.client_id}? Give each its own instance name"
        )

    def _report(self, sentence: str) -> None:
        if sentence != self._trouble:
            self._trouble = sentence
            self._log(logging.WARNING, "MQTT: %s", sentence)
        if self._health is not None:
            self._health.set("mqtt", "connected" if self.connected else "disconnected")
            self._health.degraded(sentence, part="mqtt")

    def _log(self, level: int, sentence: str, *values: object) -> None:
        log.log(logging.DEBUG if self._quiet else level, sentence, *values, client=self.client_id)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Let go of all who wait."""
        self._closed = True
        self._traffic.connected = False
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the MQTT session failed: %s", error, client=self.client_id, exc_info=error)
        self._outbox.cancel()
        self._subscriptions.cancel()
        self._connection.set()
        self._arrival.set()

    def _check_open(self) -> None:
        if self._closed:
            self._check_task()
            raise MqttClosedError

    def _check_task(self) -> None:
        if self._task.done() and not self._task.cancelled():
            self._task.result()

    def _take(self, publish: Publish) -> None:
        link = self._link
        topic, payload, retain, duplicate, mid = publish
        self._received.append(Message(topic, payload, retain, duplicate, mid, link if mid else None))
        self._traffic.received += 1
        self._arrival.set()
        full = len(self._received) >= self._receive_limit
        if full and link is not None and self.connected and not self._outbox:
            link.pause()
