"""The file `.env`: one row for each setting of the containers, with its comment and what it is by default."""

from collections.abc import Mapping
from importlib import metadata
from textwrap import fill
from typing import NamedTuple

from meterkast.init import dotenv
from meterkast.init.wishes import HOME, Wishes

LAYOUT = "1"
STORES = {"influxdb": "influxdb://influxdb:8086/meterkast", "sqlite": "sqlite:////data/history.sqlite"}
_TLS = {
    True: {
        "LISTEN": "127.0.0.1",
        "FTP_PLAINTEXT": "false",
        "FTP_CERTIFICATE": "/run/secrets/web.pem",
        "FTP_KEY": "/run/secrets/web.key",
    },
    False: {"LISTEN": "0.0.0.0", "FTP_PLAINTEXT": "true", "FTP_CERTIFICATE": "", "FTP_KEY": ""},
}


class Variable(NamedTuple):
    """A setting, what it means, and what it is where nothing was asked for."""

    name: str
    comment: str
    default: str


VARIABLES = (
    Variable("METERKAST_LAYOUT", "How this folder is laid out; meterkast init alone changes it.", LAYOUT),
    Variable("METERKAST_VERSION", "Which version of the images runs.", metadata.version("meterkast")),
    Variable(
        "COMPOSE_PROFILES",
        "What runs besides broker, parser, history, api and console: influxdb or sqlite (where history is kept), "
        "grafana, tls (HTTPS and MQTT with TLS), serial (a P1 cable on this machine), simulator (a simulated house).",
        "sqlite",
    ),
    Variable("TZ", "The home's time zone: days begin at its midnight.", "Europe/Amsterdam"),
    Variable(
        "GATEWAY",
        "The name of the P1 port at SERIAL_DEVICE, in topics and on pages. After changing it: meterkast init, "
        "which lets the reader write there.",
        HOME,
    ),
    Variable("SERIAL_DEVICE", "The P1 cable, by a name that stays: ls /dev/serial/by-id", "/dev/ttyUSB0"),
    Variable("MQTT_PREFIX", "What the gateways' topics begin with. After changing it: meterkast init.", "dsmr"),
    Variable("STORE_URL", "Where history is kept; it goes with the profile.", STORES["sqlite"]),
    Variable("HOST_ADDRESS", "This machine's address for others: FTP tells it to those who fetch files.", ""),
    Variable(
        "HOST_NAMES",
        "Names and addresses by which browsers may come, and which stand in the certificates. After changing it: "
        "meterkast init.",
        "localhost",
    ),
    Variable("LISTEN", "Where page and MQTT are reached without TLS; 127.0.0.1 is this machine alone.", "0.0.0.0"),
    Variable("LISTEN_TLS", "Where the page and MQTT are reached by TLS (profile tls).", "0.0.0.0"),
    Variable("LISTEN_PLAIN", "Where telnet, FTP and Grafana are reached.", "127.0.0.1"),
    Variable("WEB_PORT", "The page's port on this machine.", "8080"),
    Variable("WEB_TLS_PORT", "The page's by HTTPS.", "8443"),
    Variable("MQTT_PORT", "The port of MQTT.", "1883"),
    Variable("MQTT_TLS_PORT", "MQTT's by TLS.", "8883"),
    Variable("TELNET_PORT", "The terminal's, by telnet.", "2323"),
    Variable("FTP_PORT", "The files', by FTP.", "2121"),
    Variable("FTP_PASSIVE", "Those on which FTP sends files.", "60000-60009"),
    Variable("GRAFANA_PORT", "Grafana's.", "3000"),
    Variable("SERIAL_GROUP", "The group that may open the P1 cable: stat -c %g /dev/ttyUSB0", "20"),
    Variable("SUBNET", "The network between the containers; another where yours has the same.", "172.30.83.0/24"),
    Variable("FTP_PLAINTEXT", "Whether FTP may do without TLS: true or false.", "true"),
    Variable("FTP_CERTIFICATE", "The certificate for FTPS; plain FTP where it is empty.", ""),
    Variable("FTP_KEY", "Its key.", ""),
)

_HEAD = "# Settings of the containers, made by meterkast init; yours to change. After a change: docker compose up -d\n"


def settings(old: Mapping[str, str], wishes: Wishes) -> dict[str, str]:
    """Return every setting as it is to be: wished, or else as it was, or else by default."""
    found = {**{row.name: row.default for row in VARIABLES}, **old}
    before = _profiles(found)
    after = _wished_profiles(before, wishes)
    found["COMPOSE_PROFILES"] = ",".join(sorted(after))
    if after == before and "COMPOSE_PROFILES" in old:
        found["COMPOSE_PROFILES"] = old["COMPOSE_PROFILES"]
    if wishes.store:
        found["STORE_URL"] = STORES[wishes.store]
    if wishes.tls is not None and wishes.tls != ("tls" in before):
        found |= _TLS[wishes.tls]
    names = dict.fromkeys((*hosts(found), *wishes.hosts))
    asked = {
        "TZ": wishes.timezone,
        "GATEWAY": wishes.serial_name,
        "SERIAL_DEVICE": wishes.serial,
        "SERIAL_GROUP": None if wishes.serial_group is None else str(wishes.serial_group),
        "MQTT_PREFIX": wishes.prefix,
        "HOST_ADDRESS": wishes.address,
        "HOST_NAMES": ",".join(names) if wishes.hosts else None,
    }
    return found | {name: value for name, value in asked.items() if value is not None}


def hosts(values: Mapping[str, str]) -> tuple[str, ...]:
    """Names and addresses of this machine."""
    return tuple(name for part in values["HOST_NAMES"].split(",") if (name := part.strip()))


def has_profile(values: Mapping[str, str], name: str) -> bool:
    """Whether a part runs."""
    return name in _profiles(values)


def written(text: str, values: Mapping[str, str]) -> str:
    """Return `.env` with these values: lines that differ changed, missing ones added with their comments."""
    there = dotenv.values(text)
    same = all(values[name] == value for name, value in there.items())
    kept = text if same else dotenv.with_values(text, values)
    missing = "".join(_row(row, values[row.name]) for row in VARIABLES if row.name not in there)
    if missing and not kept.endswith("\n"):
        kept = f"{kept}\n" if kept else _HEAD
    return kept + missing


def _row(row: Variable, value: str) -> str:
    comment = fill(row.comment, 112, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
    return f"\n{comment}\n{row.name}={value}\n"


def _profiles(values: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name for part in values["COMPOSE_PROFILES"].split(",") if (name := part.strip()))


def _wished_profiles(before: frozenset[str], wishes: Wishes) -> frozenset[str]:
    switches = {"grafana": wishes.grafana, "tls": wishes.tls, "simulator": wishes.simulator}
    if wishes.serial:
        switches |= {"serial": True, "simulator": bool(wishes.simulator)}
    if wishes.store:
        switches |= {store: store == wishes.store for store in STORES}
    if wishes.store == "sqlite" and wishes.grafana is None:
        switches["grafana"] = False
    switched = {name for name, on in switches.items() if on is not None}
    return (before - switched) | {name for name, on in switches.items() if on}
