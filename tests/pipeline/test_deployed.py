"""The services as a deployment runs them: each with a broker user of its own, whose rights are enough."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from meterkast.tokens import make_token
from meterkast_api.access.scopes import Scope
from meterkast_api.settings import ApiSettings

from tests.brokers import BrokerMissingError, free_port
from tests.launcher.deployed import Deployed, init
from tests.pipeline.home import eventually
from tests.pipeline.parts import Part, running, settings_for

SERVICES = ("history", "parser", "api", "console", "reader")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Deployed]:
    """The broker of a deployment whose reader serves the gateway `shed`."""
    folder = init(tmp_path / "deploy", serial="/dev/ttyUSB0", serial_name="shed", prefix="house/p1")
    running_broker = Deployed(tmp_path / "broker", folder)
    try:
        running_broker.start()
    except BrokerMissingError as missing:
        pytest.skip(str(missing))
    yield running_broker
    running_broker.stop()


def parts_of(broker: Deployed, directory: Path, port: int) -> dict[str, Part]:
    """Each service with its own user and secret, given as a file."""
    console = {f"METERKAST_CONSOLE__{name}__PORT": str(free_port()) for name in ("TELNET", "FTP")}
    settings = {
        **settings_for(broker, "simulator:nl-dsmr5", api_port=port),
        **console,
        "METERKAST_READER__GATEWAY": "shed",
        "METERKAST_MQTT__PREFIX": "house/p1",
        "METERKAST_CONSOLE__API": f"http://127.0.0.1:{port}",
    }

    def login(name: str) -> dict[str, str]:
        file = broker.folder / "secrets" / f"mqtt-{name}"
        return {"METERKAST_MQTT__USERNAME": name, "METERKAST_MQTT__PASSWORD_FILE": str(file)}

    return {name: Part(name, directory, settings | login(name)) for name in SERVICES}


def test_each_services_rights_are_enough(broker: Deployed, tmp_path: Path) -> None:
    """From the port to REST, through history, and an order back to the gateway, the broker denies nothing."""
    port = free_port()
    parts = parts_of(broker, tmp_path, port)
    token = make_token(ApiSettings(data_dir=tmp_path / "data"), "test", Scope.CONTROL)
    witness = broker.client("history")
    witness.subscribe("#")
    with running(parts), httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=5) as rest:
        rest.headers["Authorization"] = f"Bearer {token}"

        def answer(path: str) -> Any:
            try:
                response = rest.get(path)
            except httpx.TransportError:
                return None
            return response.json() if response.is_success else None

        def well() -> bool | None:
            services = {each["service"] for each in answer("/services") or () if each["status"] == "ok"}
            return services == set(SERVICES) or None

        for part in parts.values():
            part.start()
        actual = eventually(lambda: answer("/meters/shed/actual"), what="a reading")
        assert actual["power_import_w"] >= 0
        eventually(lambda: (answer("/meters/shed/history") or {}).get("samples") or None, what="history")
        eventually(well, what="health of all services")
        assert rest.post("/meters/shed/command/restart").status_code == httpx.codes.ACCEPTED
        witness.wait_for("house/p1/shed/command/restart")
        eventually(lambda: True if "as told" in parts["reader"].log else None, what="the reader's hearing of it")
        for part in reversed(parts.values()):
            part.stop()
    assert "Received PUBLISH from meterkast-parser-main" in broker.log
    assert [line for line in broker.log.splitlines() if "Denied" in line] == []
