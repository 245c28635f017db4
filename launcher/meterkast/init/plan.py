"""What is to be written into the folder: a pure function of what is there and what is wished."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from meterkast import mosquitto_passwords
from meterkast.errors import LauncherError
from meterkast.init import certificates, dotenv, roles, variables
from meterkast.init.secret_table import (
    GATEWAY_PREFIX,
    PROGRAM_PREFIX,
    SECRETS,
    WEB_PASSWORD,
    broker_users,
    is_known,
    secret_of,
)
from meterkast.init.wishes import SIMULATED, Wishes, checked_name, is_host

ENV, PASSWORDS, ACL, TLS = ".env", "broker/passwords", "broker/acl", "broker/tls.conf"
_SECRETS = "secrets/"
_ODD = "surrogateescape"  # a comment in another charset is kept as it is
_LISTENER = b"""\
listener 8883
certfile /run/secrets/broker.pem
keyfile /run/secrets/broker.key
tls_version tlsv1.2
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Files to be written in this order, files to be removed, and what they hold."""

    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    writes: Mapping[str, bytes]
    removes: tuple[str, ...]

    def written_secrets(self) -> tuple[str, ...]:
        """Names of the secrets that are new or changed."""
        return tuple(path.removeprefix(_SECRETS) for path in self.writes if path.startswith(_SECRETS))


def planned(found: Mapping[str, bytes], wishes: Wishes, *, now: datetime) -> Plan:
    """Return what makes the folder complete and as wished; raises LauncherError for what cannot be."""
    environment = _text(found, ENV)
    settings = variables.settings(dotenv.values(environment), wishes)
    _check(settings)
    before = _secrets(found)
    leaving = _leaving(found, wishes)
    secrets = {name: secret for name, secret in _complete(before, wishes).items() if name not in leaving}
    contents = {
        **_certificates(found, settings, now),
        **{f"{_SECRETS}{name}": secret.encode() for name, secret in secrets.items() if before.get(name) != secret},
        **_broker(found, settings, secrets, frozenset(leaving.values())),
        ENV: variables.written(environment, settings).encode(errors=_ODD),
    }
    return Plan(
        settings=settings,
        secrets=secrets,
        writes={path: content for path, content in contents.items() if found.get(path) != content},
        removes=tuple(path for name in leaving if (path := f"{_SECRETS}{name}") in found),
    )


def gateways(secrets: Mapping[str, str], prefix: str = GATEWAY_PREFIX) -> tuple[str, ...]:
    """Names of the gateways (or programs) that have a secret."""
    return tuple(sorted(name.removeprefix(prefix) for name in secrets if name.startswith(prefix)))


def _check(settings: Mapping[str, str]) -> None:
    layout = settings["METERKAST_LAYOUT"]
    if not layout.isdecimal() or int(layout) > int(variables.LAYOUT):
        raise LauncherError(
            f"this folder was made by a newer Meterkast (layout {layout}; this one knows {variables.LAYOUT})",
            hint="use that version, or a newer one; nothing was changed",
        )
    if variables.has_profile(settings, "grafana") and not variables.has_profile(settings, "influxdb"):
        raise LauncherError("Grafana needs InfluxDB, and history is kept in SQLite", hint="add --store influxdb")


def _secrets(found: Mapping[str, bytes]) -> dict[str, str]:
    """Secrets by name; an empty file is none."""
    files = {path.removeprefix(_SECRETS): data for path, data in found.items() if path.startswith(_SECRETS)}
    return {
        name: secret for name, data in files.items() if (secret := data.decode(errors="replace").removesuffix("\n"))
    }


def _complete(before: Mapping[str, str], wishes: Wishes) -> dict[str, str]:
    """All secrets: those that are there, those that are missing, and new ones for those to be changed."""
    wanted = [
        *SECRETS,
        *(f"{GATEWAY_PREFIX}{checked_name(name)}" for name in wishes.gateways),
        *(f"{PROGRAM_PREFIX}{checked_name(name)}" for name in wishes.programs),
    ]
    _check_users({**before, **dict.fromkeys(wanted, "")})
    kept = {name: secret for name, secret in before.items() if name not in _rotated(before, wishes)}
    if wishes.web_password is not None:
        kept[WEB_PASSWORD] = wishes.web_password
    return {name: kept.get(name) or secret_of(name).make() for name in dict.fromkeys((*wanted, *before))}


def _check_users(names: Mapping[str, str]) -> None:
    both = set(gateways(names)) & set(gateways(names, PROGRAM_PREFIX))
    if both:
        raise LauncherError(
            f"{', '.join(sorted(both))} would be a gateway and a program", hint="give them names of their own"
        )


def _rotated(before: Mapping[str, str], wishes: Wishes) -> frozenset[str]:
    for name in wishes.only:
        if name not in before:
            near = difflib.get_close_matches(name, before, 1, 0.4)
            hint = f"is it {near[0]}?" if near else f"there are {', '.join(sorted(before))}"
            raise LauncherError(f"there is no secret {name}", hint=hint)
        if fixed := secret_of(name).fixed:
            raise LauncherError(f"{name} cannot be changed from here", hint=fixed)
    if not wishes.rotate:
        return frozenset()
    return frozenset(wishes.only or (name for name in before if is_known(name) and not secret_of(name).fixed))


def _leaving(found: Mapping[str, bytes], wishes: Wishes) -> dict[str, str]:
    """Broker users to be removed, by the name of their secret; also what a killed run has left of one."""
    there = mosquitto_passwords.users(_text(found, PASSWORDS)) | roles.users(_text(found, ACL))
    leaving: dict[str, str] = {}
    for user in wishes.removed:
        names = [name for prefix in (GATEWAY_PREFIX, PROGRAM_PREFIX) if f"{_SECRETS}{(name := prefix + user)}" in found]
        if user in roles.ROLES or not (names or user in there):
            known = ", ".join(gateways(_secrets(found))) or "none"
            raise LauncherError(f"there is no gateway {user}", hint=f"there are: {known}")
        leaving |= dict.fromkeys(names or [GATEWAY_PREFIX + user], user)
    return leaving


def _broker(
    found: Mapping[str, bytes], settings: Mapping[str, str], secrets: Mapping[str, str], without: frozenset[str]
) -> dict[str, bytes]:
    rights = roles.wanted_rights(
        prefix=settings["MQTT_PREFIX"],
        served=(checked_name(settings["GATEWAY"]), SIMULATED),
        gateways=gateways(secrets),
        programs=gateways(secrets, PROGRAM_PREFIX),
    )
    users = broker_users(secrets)
    tls = found.get(TLS, b"")
    listener = (tls or _LISTENER) if variables.has_profile(settings, "tls") else b""
    return {
        PASSWORDS: mosquitto_passwords.merged(_text(found, PASSWORDS), users, without=without).encode(errors=_ODD),
        ACL: roles.merged(_text(found, ACL), rights, without=without).encode(errors=_ODD),
        TLS: listener,
    }


def _certificates(found: Mapping[str, bytes], settings: Mapping[str, str], now: datetime) -> dict[str, bytes]:
    if not variables.has_profile(settings, "tls"):
        return certificates.without_tls(found)
    names = (*variables.hosts(settings), settings["HOST_ADDRESS"])
    return certificates.with_tls(found, [name for name in names if is_host(name)], now=now)


def _text(found: Mapping[str, bytes], path: str) -> str:
    return found.get(path, b"").decode(errors=_ODD)
