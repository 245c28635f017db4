"""Readings and events in; acknowledged when they stand in the database."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from meterkast_contracts.topics import Topics
from meterkast_runtime.backoff import Backoff
from meterkast_runtime.errors import MqttError
from meterkast_runtime.health import Health
from meterkast_runtime.log import get_logger
from meterkast_runtime.metrics import Counter, Gauge, Histogram, total
from meterkast_runtime.mqtt import Message, MqttSession
from meterkast_store import Batch, HistoryStore, StoreDamagedError, StoreError

from meterkast_history.audit import findings
from meterkast_history.intake import Entry, Intake, MalformedError, batch_of
from meterkast_history.settings import HistorySettings
from meterkast_history.share import Share
from meterkast_history.vitals_keeper import VitalsKeeper
from meterkast_history.watch import Watch

ROWS = Counter("meterkast_history_rows", "What was written.", ["kind"])
MALFORMED = Counter("meterkast_history_malformed_messages", "Messages that are no reading or event.")
OTHERS = Counter("meterkast_history_others_messages", "Messages of gateways that another writer writes.")
UNWRITABLE = Counter("meterkast_history_unwritable_messages", "Messages that alone could not be written, set aside.")
ERRORS = Counter("meterkast_history_store_errors", "Times the database could not be used.")
BATCH_SECONDS = Histogram("meterkast_history_batch_seconds", "Time to write a batch.")
WAITING = Gauge("meterkast_history_waiting_messages", "Messages taken and not yet written.")
LAG = Gauge("meterkast_history_lag_seconds", "Age of the newest reading of the last batch when it was written.")

STOP_WITHIN_S = 1.0
WARN_EVERY_S = 10.0
LONGEST_WAIT_S = 10.0
PUBLISHED_AT_ONCE = 1000


class HistoryService:
    """Readings to history, as one service of the pipeline."""

    name = "history"

    def __init__(
        self,
        settings: HistorySettings,
        session: MqttSession,
        store: HistoryStore,
        health: Health,
        *,
        share: Share | None = None,
        watch: Watch | None = None,
        vitals: VitalsKeeper | None = None,
    ) -> None:
        """`share`: the gateways to write, all when absent; `watch` tells their events, `vitals` how all of them do."""
        self._section = settings.history
        self._topics = Topics(settings.mqtt.prefix)
        self._share = share
        self._watch = watch
        self._intake = Intake(self._topics, watch)
        self._session = session
        self._store = store
        self._health = health
        self._vitals = vitals
        self._entries: list[Entry] = []
        self._arrival = asyncio.Event()
        self._room = asyncio.Event()
        self._backoff = Backoff(0.2, LONGEST_WAIT_S)
        self._warned_at = -WARN_EVERY_S
        self._log = get_logger("history")

    @staticmethod
    def subscriptions(topics: Topics) -> tuple[str, ...]:
        """Return the filters that the service's session needs."""
        return topics.reading("+"), topics.event("+")

    def tell(self, health: Health) -> None:
        """Let health tell what was written, and what waits."""
        health.figure("rows", lambda: total(ROWS))
        health.figure("waiting", lambda: self.waiting)
        health.figure("lag_s", lambda: round(total(LAG), 3))
        health.figure("store_errors", lambda: total(ERRORS))
        health.figure("malformed", lambda: total(MALFORMED))

    @property
    def waiting(self) -> int:
        """Messages taken and not yet written."""
        return len(self._entries)

    @property
    def busy(self) -> bool:
        """Whether messages are not yet taken or not yet written."""
        return bool(self._entries or self._session.waiting or self._session.unconfirmed)

    async def run(self, ready: Callable[[], None]) -> None:
        """Work until cancelled; then write what was taken, as far as a second allows."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._session)
            await self._open(stack)
            works = [self._take(), self._write(), self._audit(), *([self._vitals.run()] if self._vitals else ())]
            tasks = [asyncio.create_task(work) for work in works]
            try:
                await self._session.wait_connected()
                ready()
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                await self._last_write()

    async def _open(self, stack: AsyncExitStack) -> None:
        while True:
            try:
                if self._watch:
                    await self._watch.open()
                await stack.enter_async_context(self._store)
            except StoreError as error:
                await self._trouble(error)
            else:
                return

    async def _take(self) -> None:
        async for message in self._session.messages():
            if self._share and self._passes_over(self._share, message):
                message.ack()
                continue
            try:
                self._entries.append(self._intake.entry(message))
            except MalformedError as error:
                MALFORMED.inc()
                message.ack()
                self._warn("A message is no reading or event and is left out", message.topic, str(error))
                continue
            self._arrival.set()
            if len(self._entries) >= self._section.batch_most:
                self._room.clear()
                await self._room.wait()

    def _passes_over(self, share: Share, message: Message) -> bool:
        """Whether a message is of another writer's gateway, or a retained one, which came before to a known session."""
        if not share.has(message.topic[len(self._topics.prefix) + 1 :].partition("/")[0]):
            OTHERS.inc()
            return True
        return message.retain and self._session.session_present

    async def _write(self) -> None:
        while True:
            await self._enough()
            batch = self._entries[: self._section.batch_most]
            WAITING.set(len(self._entries))
            try:
                await self._commit(batch)
            except StoreError as error:
                await self._trouble(error)
                continue
            self._backoff.reset()
            self._health.ok(part="store")
            self._health.set("store", "connected")
            del self._entries[: len(batch)]
            self._room.set()

    async def _enough(self) -> None:
        """Wait until there are enough messages to be worth a transaction, or some have waited long enough."""
        while not self._entries:
            self._arrival.clear()
            await self._arrival.wait()
        deadline = asyncio.get_running_loop().time() + self._section.batch_wait_s
        while len(self._entries) < self._section.batch_enough:
            self._arrival.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._arrival.wait()
            except TimeoutError:
                return

    async def _commit(self, entries: list[Entry]) -> None:
        """Write entries and acknowledge their messages; what cannot be written even alone is set aside."""
        batch = batch_of(entries)
        try:
            with BATCH_SECONDS.time():
                await self._store.write(batch)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - one message must not hold up all others
            if len(entries) > 1:
                for entry in entries:
                    await self._commit([entry])
                return
            UNWRITABLE.inc()
            self._log.exception("A message cannot be written and is left out", topic=entries[0].message.topic)
        self._count(batch)
        await self._publish_seen(entries)
        for entry in entries:
            entry.message.ack()

    async def _publish_seen(self, entries: list[Entry]) -> None:
        """Publish what the readings told, and remember what they said, before they are acknowledged."""
        if self._watch is None:
            return
        events = [event for entry in entries for event in entry.sighting.events]
        for start in range(0, len(events), PUBLISHED_AT_ONCE):
            some = events[start : start + PUBLISHED_AT_ONCE]
            await asyncio.gather(*(self._session.publish(self._topics.event(e.gateway), e.to_json()) for e in some))
        marks = {entry.sighting.mark.gateway: entry.sighting.mark for entry in entries if entry.sighting.mark}
        await self._watch.keep(marks.values())

    async def _last_write(self) -> None:
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                while batch := self._entries[: self._section.batch_most]:
                    await self._commit(batch)
                    del self._entries[: len(batch)]
        except (StoreError, MqttError, TimeoutError) as error:
            self._log.warning(
                "Not all could be written before the stop; the broker keeps it",
                messages=len(self._entries), reason=str(error),
            )  # fmt: skip

    async def _audit(self) -> None:
        while True:
            await asyncio.sleep(self._section.audit_every_s)
            try:
                await self.audit(datetime.now(UTC))
            except StoreError as error:
                ERRORS.inc()
                self._log.warning("History could not be looked over", reason=str(error))

    async def audit(self, now: datetime) -> None:
        """Report holes and replaced meters, and delete samples that are too old."""
        found = await findings(self._store, now, self._watch.gateways if self._watch else None)
        await self._store.write(Batch(events=found))
        for event in found:
            try:
                self._session.publish(self._topics.event(event.gateway), event.to_json())
            except MqttError as error:
                self._log.warning("An event is in history, but not published", reason=str(error))
        if self._share and self._share.number > 1:
            return  # the first writer deletes for all
        if gone := await self._store.prune(now):
            self._log.info("Old samples deleted", rows=gone)

    async def _trouble(self, error: StoreError) -> None:
        """Say what is wrong and wait; raises the error where waiting does not help."""
        ERRORS.inc()
        self._health.set("store", "unavailable")
        self._health.degraded(str(error), part="store")
        self._warn("History cannot be written, readings wait at the broker", "", str(error))
        if isinstance(error, StoreDamagedError):
            raise error
        await asyncio.sleep(self._backoff.next())

    def _count(self, batch: Batch) -> None:
        ROWS.labels("sample").inc(len(batch.samples))
        ROWS.labels("mbus").inc(len(batch.mbus))
        ROWS.labels("event").inc(len(batch.events))
        if self._vitals:
            self._vitals.read(batch)
        if batch.samples:
            newest = max(sample.received_at or sample.measured_at for sample in batch.samples)
            LAG.set(time.time() - newest.timestamp())

    def _warn(self, sentence: str, topic: str, reason: str) -> None:
        now = time.monotonic()
        if now - self._warned_at >= WARN_EVERY_S:
            self._warned_at = now
            self._log.warning(sentence, topic=topic[:100], reason=reason[:300])
