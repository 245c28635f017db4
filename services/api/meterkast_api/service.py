"""The API: listens to MQTT, answers over HTTP."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Literal

from meterkast_contracts.topics import Topics
from meterkast_runtime.health import Health
from meterkast_runtime.log import get_logger
from meterkast_runtime.metrics import total
from meterkast_runtime.mqtt import MqttSession
from meterkast_store.history import HistoryStore
from pydantic import SecretStr

from meterkast_api.access import audit, credentials
from meterkast_api.access.attempts import Attempts
from meterkast_api.access.audit import AuditLog
from meterkast_api.access.exposure import check_guarded
from meterkast_api.access.keyring import Keyring
from meterkast_api.access.login import Login
from meterkast_api.access.recogniser import Recogniser
from meterkast_api.access.scopes import Recognise
from meterkast_api.access.setup_code import new_setup_code
from meterkast_api.app import Parts, build_app
from meterkast_api.commands import Commands
from meterkast_api.compat.homewizard import Serial
from meterkast_api.database import FILE, Database
from meterkast_api.firmware.bare_orders import BareOrders
from meterkast_api.firmware.shelf import FOLDER, Shelf
from meterkast_api.gateways import Gateways
from meterkast_api.guard import REQUESTS
from meterkast_api.history import RETRY_S, History
from meterkast_api.holding import HeldGateways
from meterkast_api.home import Home
from meterkast_api.intake import RECEIVED, Intake, Services
from meterkast_api.money import prices
from meterkast_api.money.money import Money
from meterkast_api.money.price_topic import PriceTopic
from meterkast_api.routes.page import STATIC
from meterkast_api.server import Server, bind
from meterkast_api.settings import ApiSettings
from meterkast_api.stream import Stream

_LOG = get_logger("meterkast_api")


class ApiService:
    """Serves until cancelled; `port` is the one it listens on, known once it is ready."""

    name = "api"

    def __init__(
        self,
        settings: ApiSettings,
        store: HistoryStore,
        health: Health | None = None,
        *,
        static: Path = STATIC,
        history_retry_s: float = RETRY_S,
        setup_code: str | None = None,
        recognise: Recognise | None = None,
        companion: SecretStr | None = None,
    ) -> None:
        self.port: int | None = None
        self._settings = settings
        self._history = History(store, retry_s=history_retry_s)
        self._health = health or Health("api", settings.instance)
        self._static = static
        section = settings.api
        self._database = Database(settings.data_dir / FILE, (audit.SCHEMA, *credentials.SCHEMA, prices.SCHEMA))
        self._home = Home(self._database, settings.home.timezone)
        self._money = Money(self._database, self._history, now=_now)
        self._price_topic = PriceTopic(section.price_topic, self._money.prices)
        self._keyring = Keyring(self._database)
        self._tells_setup_code = setup_code is None
        self._login = Login(self._keyring, attempts=Attempts(), setup_code=setup_code or new_setup_code())
        self._recognise = recognise or Recogniser(
            self._keyring, everybody_reads=section.everybody_reads, companion=companion
        )
        self._topics = Topics(settings.mqtt.prefix)
        self._firmware = Shelf(settings.data_dir / FOLDER)
        self._bare_orders = BareOrders(self._topics, self._firmware, section.firmware_url)
        self._gateways = self._hold(section.hold)
        self._services = Services()
        self.stream = Stream(
            lambda: chain(self._services.frames(), self._gateways.frames()),
            buffer=section.stream_buffer,
            queue=section.stream_queue,
            clients=section.max_streams,
        )
        self._intake = Intake(self._topics, self._gateways, self._services, self.stream)
        self._health.figure("clients", lambda: self.stream.clients)
        self._health.figure("messages", lambda: total(RECEIVED))
        self._health.figure("requests", lambda: total(REQUESTS))

    @property
    def url(self) -> str:
        """Where the page is."""
        host = self._settings.api.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}{self._settings.api.path_prefix}/"

    def _hold(self, hold: Literal["all"] | int) -> Gateways:
        if hold == "all":
            return Gateways()
        return HeldGateways(hold, self._topics, watched=lambda: self.stream.watched)

    async def run(self, ready: Callable[[], None]) -> None:
        """Listen and serve until cancelled; every stream is ended in order."""
        section = self._settings.api
        self._health.set("mqtt", "connecting")
        self._health.degraded("The MQTT broker has not answered yet.", part="mqtt")
        session = MqttSession(
            self._settings.mqtt,
            client_id=f"meterkast-api-{self._settings.instance}-{secrets.token_hex(4)}",
            subscriptions=(
                *self._intake.subscriptions(),
                *self._price_topic.subscriptions(),
                *self._bare_orders.subscriptions(),
            ),
            persistent=False,
            health=self._health,
        )
        if isinstance(self._gateways, HeldGateways):
            self._gateways.listen_by(session)
        async with self._database, self._keyring:
            await self._login.adopt(section.password)
            check_guarded(section.host, insecure=section.insecure, empty=self._keyring.empty)
            await self._serve(session, ready)

    async def _serve(self, session: MqttSession, ready: Callable[[], None]) -> None:
        with bind(self._settings.api.host, self._settings.api.port) as listening:
            self.port = listening.getsockname()[1]
            async with self._history, session, AsyncExitStack() as stack:
                await self._home.load()
                await self._money.load()
                server = Server(build_app(self._parts(session)))
                serving = asyncio.create_task(server.serve(sockets=[listening]))
                receiving = asyncio.create_task(self._receive(session))
                try:
                    self._tell()
                    self._health.ready()
                    ready()
                    await self._announce(stack)
                    done, _ = await asyncio.wait([serving, receiving], return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                finally:
                    receiving.cancel()
                    self.stream.close()
                    await server.stop(serving)

    async def _announce(self, stack: AsyncExitStack) -> None:
        if self._settings.compat.announce and self.port is not None:
            from meterkast_api.compat.announcement import Announcement  # noqa: PLC0415 - 3 MB that few need

            serial = await Serial(self._database).number()
            await stack.enter_async_context(Announcement(self._settings.api.host, self.port, serial, self._health))

    def _tell(self) -> None:
        _LOG.info(f"the page is at {self.url}")
        code = self._login.setup_code
        if code is not None and self._tells_setup_code:
            _LOG.info(f"no password is set yet: choose one on the page, with the setup code {code}")

    def _parts(self, session: MqttSession) -> Parts:
        return Parts(
            section=self._settings.api,
            compat=self._settings.compat,
            home=self._home,
            store=self._history,
            health=self._health,
            gateways=self._gateways,
            services=self._services,
            stream=self.stream,
            database=self._database,
            money=self._money,
            audit=AuditLog(self._database),
            keyring=self._keyring,
            login=self._login,
            firmware=self._firmware,
            commands=Commands(self._topics, session),
            recognise=self._recognise,
            static=self._static,
            now=_now,
        )

    async def _receive(self, session: MqttSession) -> None:
        commands = Commands(self._topics, session)
        async for message in session.messages():
            if self._price_topic.of(message.topic):
                await self._price_topic.take(message.payload)
            elif self._bare_orders.of(message.topic):
                await self._bare_orders.take(message, commands)
            else:
                self._intake.take(message.topic, message.payload)
            message.ack()


def _now() -> datetime:
    return datetime.now(UTC)
