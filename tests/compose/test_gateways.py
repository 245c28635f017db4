"""Gateways of the network: let in by name and password over TLS, each to its own topics."""

import json
import socket
import ssl
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.compose.gateway import Link, linked
from tests.compose.project import GATEWAYS, Project, eventually
from tests.compose.telegrams import dsmr_5

REFUSED = "Not authorized"


def actual(client: httpx.Client, gateway: str) -> dict[str, Any] | None:
    """The newest reading of a gateway, exact, once there is one."""
    answer = client.get(f"/api/v1/meters/{gateway}/actual")
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    answer.raise_for_status()
    return dict(json.loads(answer.text, parse_float=Decimal))


def test_two_gateways(project: Project) -> None:
    """What two gateways send over TLS stands in REST, exact to the watt-hour, each under its own name."""
    sent = {GATEWAYS[0]: ("001234.567", "01.234"), GATEWAYS[1]: ("009876.501", "00.007")}
    for gateway, (energy, power) in sent.items():
        with linked(project.mqtt_tls, project.trust(), gateway, project.secret(f"mqtt-gateway-{gateway}")) as link:
            assert (
                link.publish(f"dsmr/{gateway}/telegram", dsmr_5(datetime.now(UTC), import_kwh=energy, power_kw=power))
                == "Success"
            )
    with project.client() as client:
        for gateway, (energy, power) in sent.items():
            found = eventually(lambda name=gateway: actual(client, name), what=f"the reading of {gateway}")  # type: ignore[misc]
            values = found.get("values", found)
            assert str(values["energy_import_t1_kwh"]) == str(Decimal(energy))
            assert values["power_import_w"] == int(Decimal(power) * 1000)


@pytest.mark.parametrize(
    "login", [("esp01", "wrong"), ("nobody", "wrong"), (None, None)], ids=["wrong", "unknown", "none"]
)
def test_login(project: Project, login: tuple[str | None, str | None]) -> None:
    """A wrong password, an unknown name and none at all are refused."""
    link = Link(project.mqtt_tls, project.trust(), *login)
    try:
        assert str(link.connect()) == REFUSED
    finally:
        link.close()


def test_certificate(project: Project) -> None:
    """Who does not trust the home's own authority finds out that this is not a broker to talk to."""
    with socket.create_connection(("localhost", project.mqtt_tls)) as line, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(line, server_hostname="localhost")


@pytest.mark.parametrize(
    "topic",
    [
        "dsmr/shed/telegram",
        "dsmr/shed/status",
        "dsmr/esp01/reading",
        "dsmr/esp01/command/restart",
        "meterkast/api/main/status",
    ],
)
def test_foreign_topics(project: Project, topic: str) -> None:
    """A gateway that writes to another's topic, or to one that is a service's, is refused."""
    with linked(project.mqtt_tls, project.trust(), "esp01", project.secret("mqtt-gateway-esp01")) as link:
        assert link.publish(topic, b"forged") == REFUSED


def test_foreign_commands(project: Project) -> None:
    """A gateway hears the commands for itself, and not those for others."""
    own, other = GATEWAYS
    with linked(project.mqtt_tls, project.trust(), own, project.secret(f"mqtt-gateway-{own}")) as link:
        link.subscribe("dsmr/+/command/#")
        with project.client() as client:
            for gateway in (other, own):
                client.post(f"/api/v1/meters/{gateway}/command/identify").raise_for_status()
        eventually(lambda: link.messages or None, what="the command")
        assert [topic for topic, _ in link.messages] == [f"dsmr/{own}/command/identify"]
