"""One P1 port at work: source → framing → spool → broker, and what it says of itself."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from meterkast_contracts.messages import DeviceInfo
from meterkast_contracts.topics import OFFLINE, ONLINE, Command, TopicError, Topics
from meterkast_runtime.health import Health
from meterkast_runtime.log import get_logger
from meterkast_runtime.mqtt import Message, MqttSession, MqttSettings, Will

from meterkast_reader.framing import Discarded, Event, Frame, Framer
from meterkast_reader.metrics import METRICS
from meterkast_reader.outbox import Outbox
from meterkast_reader.settings import ReaderSection
from meterkast_reader.sources import Chunk, Source
from meterkast_reader.spool import Spool
from meterkast_reader.tally import Tally
from meterkast_reader.witness import Witness

DEVICE_EVERY_S = 60.0
TIDY_EVERY_S = 1.0
AGAIN_AFTER_S = 35.0
"""Longer than any service waits between two attempts to connect."""
RETRY_DISK_EVERY_S = 30.0
GOODBYE_WITHIN_S = 0.5
VERSION = version("meterkast-reader")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every gateway of a reader shares."""

    instance: str
    section: ReaderSection
    mqtt: MqttSettings
    spool_dir: Path
    health: Health


class Gateway:
    """Reads one source and publishes its telegrams under one gateway's name."""

    def __init__(self, name: str, source: Source, around: Surroundings) -> None:
        self.name = name
        self._source = source
        self._health = around.health
        self._topics = Topics(around.mqtt.prefix)
        self._window_ms = around.section.resend_window_s * 1000
        self._spool = Spool(
            around.spool_dir / name,
            limit_bytes=around.section.spool_mb << 20,
            window_ms=self._window_ms,
            report=self._trouble("spool"),
        )
        self._session = MqttSession(
            around.mqtt,
            client_id=f"meterkast-reader-{around.instance}-{name}",
            subscriptions=(self._topics.command(name, "+"), self._topics.device(name)),
            will=Will(self._topics.status(name), OFFLINE),
            on_connect=self._connected,
            health=around.health,
        )
        self._witness = Witness(around.spool_dir / name / "device")
        self._examining = False
        self._again_at = math.inf
        self._outbox = Outbox(self._spool, self._session, self._topics, name, late_per_s=around.section.late_per_s)
        self._started_at = datetime.now(UTC)
        self._tally = Tally(name)
        self._troubles: dict[str, str] = {}
        self._device_changed = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._log = get_logger("reader")

    @property
    def spool_bytes(self) -> int:
        """What its spool takes."""
        return self._spool.size

    async def run(self, ready: Callable[[], None]) -> None:
        """Work until cancelled, or until the source has ended and all of it is with the broker."""
        self._spool.open()
        self._witness.recall()
        try:
            async with self._session, asyncio.TaskGroup() as tasks:
                helpers = [
                    tasks.create_task(work)
                    for work in (self._outbox.run(), self._describe(), self._obey(), self._keep_tidy())
                ]
                ready()
                try:
                    await self._read()
                    self._log.info("The source has come to its end", gateway=self.name, source=self._source.address)
                    await self._outbox.drained()
                finally:
                    for helper in helpers:
                        helper.cancel()
                    await self._say_goodbye()
        finally:
            self._spool.sync()
            self._spool.close()

    async def _read(self) -> None:
        """Read until the source ends; a restart opens it anew."""
        while True:
            self._reading = asyncio.create_task(self._read_once())
            try:
                await asyncio.wait([self._reading])
            finally:
                self._reading.cancel()
            if not self._reading.cancelled():
                self._reading.result()
                return

    async def _read_once(self) -> None:
        framer = Framer()
        async with aclosing(self._source.read(self._trouble("source"))) as chunks:
            async for chunk in chunks:
                if chunk.received_ms is not None:
                    await self._outbox.room()
                self._take(framer, chunk)
        self._note(framer.close(), Chunk())

    def _take(self, framer: Framer, chunk: Chunk) -> None:
        events = framer.feed(chunk.data) if chunk.data else framer.flush()
        if chunk.gap:
            events += framer.close()
        self._note(events, chunk)

    def _note(self, events: list[Event], chunk: Chunk) -> None:
        for event in events:
            if isinstance(event, Discarded):
                self._tally.discarded(event)
            else:
                self._keep(event, chunk.received_ms)

    def _keep(self, frame: Frame, received_ms: int | None) -> None:
        self._tally.telegram(frame)
        now_ms = time.time_ns() // 1_000_000
        entry = self._spool.append(frame.data, now_ms if received_ms is None else received_ms)
        self._outbox.send(entry, late=received_ms is not None)
        if self._tally.counters["telegrams"] == 1:
            self._device_changed.set()

    def _announce(self) -> None:
        self._session.publish(self._topics.status(self.name), ONLINE, retain=True)
        self._device_changed.set()

    def _connected(self, session_present: bool) -> None:  # noqa: FBT001 - MqttSession's callback
        self._announce()
        self._examining = session_present
        if not session_present:
            self._lost()
        self._outbox.wake()

    def _lost(self) -> None:
        """Send the window again now, and once more when the parser and history have surely subscribed anew."""
        if again := self._send_again():
            sentence = "The broker has lost what it knew: what it was sent lately is sent again"
            self._log.warning(sentence, gateway=self.name, telegrams=again)
        self._again_at = time.monotonic() + AGAIN_AFTER_S

    def _send_again(self) -> int:
        """Send what was sent within the window once more; return how many telegrams that is."""
        again = self._spool.rewind(time.time_ns() // 1_000_000 - self._window_ms)
        if again:
            self._outbox.wake()
        return again

    async def _describe(self) -> None:
        """Publish DeviceInfo at the start, at changes and every minute."""
        while True:
            self._device_changed.clear()
            if self._session.connected:
                payload = self._device().to_json()
                self._witness.sent(payload)
                done = self._session.publish(self._topics.device(self.name), payload, retain=True)
                done.add_done_callback(partial(self._described, payload))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DEVICE_EVERY_S):
                    await self._device_changed.wait()

    def _described(self, payload: bytes, done: asyncio.Future[None]) -> None:
        if not done.cancelled() and done.exception() is None:
            self._witness.acknowledged(payload)

    def _device(self) -> DeviceInfo:
        counters = {
            **self._tally.counters,
            "published": self._outbox.published,
            "late": self._outbox.late,
            "waiting": self._spool.pending,
            "dropped": self._spool.dropped,
        }
        return DeviceInfo(
            gateway=self.name,
            source=self._source.address,
            version=VERSION,
            started_at=self._started_at,
            line=self._source.line,
            uptime_s=int((datetime.now(UTC) - self._started_at).total_seconds()),
            counters=counters,
            commands=(Command.RESTART, Command.IDENTIFY),
        )

    async def _obey(self) -> None:
        """Carry out commands, and see by our own message whether we were forgotten or the broker went back in time."""
        async for message in self._session.messages():
            message.ack()
            if message.topic != self._topics.device(self.name):
                self._command(message)
            elif not message.payload:
                self._announce()
            elif message.retain and self._examining:
                self._examining = False
                if self._witness.contradicted_by(message.payload):
                    self._lost()

    def _command(self, message: Message) -> None:
        try:
            name = self._topics.parse(message.topic).item
        except TopicError:
            return
        match name:
            case Command.FORGET:
                pass  # the parser's
            case Command.RESTART:
                self._log.info("The source is opened anew, as told", gateway=self.name)
                if self._reading is not None:
                    self._reading.cancel()
            case Command.IDENTIFY:
                self._log.info("This is the gateway asked for", gateway=self.name, source=self._source.address)
                self._device_changed.set()
            case _:
                self._log.warning("A reader knows no such command", gateway=self.name, command=str(name)[:50])

    async def _keep_tidy(self) -> None:
        loop = asyncio.get_running_loop()
        retry_at = loop.time() + RETRY_DISK_EVERY_S
        line = None
        report = self._trouble("line")
        while True:
            await asyncio.sleep(TIDY_EVERY_S)
            await asyncio.to_thread(self._spool.sync)
            self._spool.tidy(time.time_ns() // 1_000_000)
            if time.monotonic() > self._again_at:
                self._again_at = math.inf
                self._send_again()
            if loop.time() > retry_at:
                retry_at += RETRY_DISK_EVERY_S
                self._spool.retry_disk()
            if self._source.line != line:
                line = self._source.line
                self._device_changed.set()
            METRICS.show(self.name, waiting=self._spool.pending, dropped=self._spool.dropped, late=self._outbox.late)
            report(self._tally.trouble(self._source.address))

    async def _say_goodbye(self) -> None:
        if self._session.connected:
            self._session.publish(self._topics.status(self.name), OFFLINE, retain=True)
            try:
                async with asyncio.timeout(GOODBYE_WITHIN_S):
                    await self._session.flush()
            except TimeoutError:
                self._log.warning("The broker has not confirmed our goodbye", gateway=self.name)

    def _trouble(self, part: str) -> Callable[[str | None], None]:
        """Tell log and health of a part's trouble, each sentence once."""

        def report(sentence: str | None) -> None:
            if self._troubles.get(part) == sentence:
                return
            key = f"{part} {self.name}"
            if sentence is None:
                del self._troubles[part]
                self._log.info("All is well again with the %s", part, gateway=self.name)
                self._health.ok(part=key)
            else:
                self._troubles[part] = sentence
                self._log.warning(sentence, gateway=self.name)
                self._health.degraded(sentence, part=key)

        return report
