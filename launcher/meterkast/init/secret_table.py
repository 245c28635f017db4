"""The secrets of a deployment: what each is for, and which containers must start anew when it changes."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from meterkast.init.roles import ROLES

GATEWAY_PREFIX = "mqtt-gateway-"
PROGRAM_PREFIX = "mqtt-program-"
HOME_ASSISTANT = "mqtt-homeassistant"
WEB_PASSWORD = "web-password"  # noqa: S105 - a file's name
_BYTES = 24


def random_secret() -> str:
    """192 random bits, safe in URLs; a letter or digit first, since `-…` would look like an option."""
    while not (secret := secrets.token_urlsafe(_BYTES))[0].isalnum():
        pass
    return secret


def _api_token() -> str:
    return f"mk_{secrets.token_urlsafe(32)}"


@dataclass(frozen=True, kw_only=True)
class Secret:
    """One secret: the containers that read it, and how it is made."""

    containers: tuple[str, ...]
    make: Callable[[], str] = random_secret
    fixed: str | None = None
    """Why it cannot be changed by us, and how it is changed."""


_ROLE_CONTAINERS = {"reader": ("reader", "simulator"), "health": (), "homeassistant": ()}
_DATABASE = ("influxdb",)

SECRETS: Mapping[str, Secret] = {
    WEB_PASSWORD: Secret(containers=("api",)),
    "console-token": Secret(containers=("api", "console"), make=_api_token),
    **{f"mqtt-{role}": Secret(containers=("mosquitto", *_ROLE_CONTAINERS.get(role, (role,)))) for role in ROLES},
    "influxdb-admin": Secret(containers=_DATABASE),
    "influxdb-admin-token": Secret(
        containers=_DATABASE,
        fixed="InfluxDB alone makes tokens once it is set up: make one by `influx auth create --operator`, write it "
        "into secrets/influxdb-admin-token, and take the old one away by `influx auth delete`",
    ),
    "influxdb-writer": Secret(containers=(*_DATABASE, "history", "api")),
    "influxdb-reader": Secret(containers=(*_DATABASE, "api")),
    "influxdb-grafana": Secret(containers=(*_DATABASE, "grafana")),
    "grafana-admin": Secret(containers=("grafana",)),
}


def secret_of(name: str) -> Secret:
    """The row of a secret; those of gateways and programs concern the broker alone."""
    return SECRETS.get(name) or Secret(containers=("mosquitto",))


def is_known(name: str) -> bool:
    """Whether it is a secret of ours, no other file that somebody has put beside them."""
    return name in SECRETS or name.startswith((GATEWAY_PREFIX, PROGRAM_PREFIX))


def broker_users(names: Mapping[str, str]) -> dict[str, str]:
    """Return the broker's users and passwords among secrets by name."""
    found = {}
    for name, secret in names.items():
        for prefix in (GATEWAY_PREFIX, PROGRAM_PREFIX, "mqtt-"):
            if name.startswith(prefix):
                found[name.removeprefix(prefix)] = secret
                break
    return found
