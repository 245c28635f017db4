"""paho 2, made to run on a wire of ours."""

from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from meterkast_runtime.mqtt.message import Will
from meterkast_runtime.mqtt.outbox import FIRST_MID
from meterkast_runtime.mqtt.settings import MqttSettings
from meterkast_runtime.mqtt.wire import Wire


class PahoClient(paho.Client):
    """paho without its own sockets and threads: it greets, subscribes and keeps alive over the wire it is given."""

    wire: Wire | None = None

    def __init__(self, settings: MqttSettings, client_id: str, *, persistent: bool, will: Will | None) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=not persistent,
            reconnect_on_failure=False,
        )
        if settings.username is not None:
            password = settings.password
            self.username_pw_set(settings.username, password.get_secret_value() if password is not None else None)
        if will is not None:
            self.will_set(will.topic, will.payload, will.qos, will.retain)
        self.connect_async(settings.host, settings.port, settings.keepalive_s)

    def greet(self, wire: Wire) -> None:
        """Send CONNECT over a new wire."""
        self.wire = wire
        self.reconnect()

    def ping_unanswered(self) -> None:
        """Send PINGREQ and expect no answer, for a connection that is not being read."""
        self._send_pingreq()
        self._ping_t = 0.0

    def _mid_generate(self) -> int:
        with self._mid_generate_mutex:
            self._last_mid = self._last_mid % (FIRST_MID - 1) + 1
            return self._last_mid

    def _create_socket(self) -> Any:
        if self.wire is None:
            raise ConnectionError("there is no connection to use")
        return self.wire
