"""Hearing and keeping how gateways and services do: a convenience that never holds up a reading."""

import asyncio
from datetime import UTC, datetime

from meterkast_runtime.errors import MqttError
from meterkast_runtime.health import Health
from meterkast_runtime.log import get_logger
from meterkast_runtime.metrics import Counter
from meterkast_runtime.mqtt import MqttSession
from meterkast_store import Batch, HistoryStore, StoreError

from meterkast_history.vitals import Vitals

KEPT = Counter("meterkast_history_vitals", "Times it was written how a gateway or service does.")
DROPPED = Counter("meterkast_history_vitals_dropped", "Words of gateways and services that were not written.")


class VitalsKeeper:
    """Hears how gateways and services do, over a connection of its own, and writes it every so many seconds."""

    def __init__(self, session: MqttSession, vitals: Vitals, store: HistoryStore, *, every_s: float) -> None:
        self._session = session
        self._vitals = vitals
        self._store = store
        self._every_s = every_s
        self._log = get_logger("history")

    def tell(self, health: Health) -> None:
        """Let health tell how many gateways there are, and how they do."""
        health.figure("gateways", self._vitals.known)
        health.figure("gateways_online", self._vitals.online)
        health.figure("gateways_silent", lambda: self._vitals.silent(datetime.now(UTC)))

    def read(self, batch: Batch) -> None:
        """Note whose readings came."""
        for sample in batch.samples:
            self._vitals.read(sample.gateway, sample.received_at or sample.measured_at)

    async def run(self) -> None:
        """Hear and write until cancelled, or until the broker will not have it."""
        try:
            async with self._session, asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hear())
                tasks.create_task(self._keep_on())
        except* MqttError as refused:
            reason = str(refused.exceptions[0])
            self._log.warning("How gateways and services do is not kept", reason=reason)

    async def _hear(self) -> None:
        async for message in self._session.messages():
            self._vitals.take(message.topic, message.payload)
            message.ack()

    async def _keep_on(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self._keep()

    async def _keep(self) -> None:
        batch = await asyncio.to_thread(self._vitals.batch, datetime.now(UTC))
        count = len(batch.devices) + len(batch.services)
        try:
            await self._store.write(batch)
        except StoreError:
            DROPPED.inc(count)  # whoever writes readings tells of it
        except Exception:  # noqa: BLE001 - what is a convenience must not end the service
            DROPPED.inc(count)
            self._log.exception("How gateways and services do could not be written")
        else:
            KEPT.inc(count)
