"""What init says at its end: what was made, what must be known, and what to do next."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

from meterkast.init import certificates, dotenv, variables
from meterkast.init.plan import ACL, ENV, PASSWORDS, TLS, Plan
from meterkast.init.secret_table import (
    GATEWAY_PREFIX,
    HOME_ASSISTANT,
    PROGRAM_PREFIX,
    WEB_PASSWORD,
    broker_users,
    secret_of,
)
from meterkast.init.wishes import Wishes

_OPTIONAL = {
    "influxdb": "influxdb",
    "grafana": "grafana",
    "simulator": "simulator",
    "reader": "serial",
    "proxy": "tls",
}
"""Containers that run only with a profile."""
_DATABASE = ("influxdb-admin", "influxdb-writer", "influxdb-reader", "influxdb-grafana")
INFLUXDB_TELL = "docker compose exec -T influxdb /docker-entrypoint-initdb.d/meterkast.sh"
GRAFANA_TELL = (
    "docker compose exec grafana sh -c 'grafana cli admin reset-admin-password \"$(cat /run/secrets/grafana-admin)\"'"
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that is known when the work is done."""

    folder: Path
    found: Mapping[str, bytes]
    plan: Plan
    wishes: Wishes

    def lines(self) -> Iterator[str]:
        """The report."""
        if not self.plan.writes and not self.plan.removes:
            yield f"Nothing to do: {self.folder} is complete."
            return
        yield from self._files()
        yield from self._secrets()
        yield ""
        yield from self._next()

    @property
    def _first(self) -> bool:
        return ENV not in self.found

    def _files(self) -> Iterator[str]:
        yield f"{'Made' if self._first else 'Changed'} in {self.folder}:"
        groups: dict[str, list[str]] = {}
        for path in (*self.plan.writes, *self.plan.removes):
            folder, _, name = path.rpartition("/")
            groups.setdefault(folder, []).append(f"{name} (removed)" if path in self.plan.removes else name)
        for folder, names in sorted(groups.items()):
            head = f"  {f'{folder}/' if folder else '':14}"
            yield fill(", ".join(names), 118, initial_indent=head, subsequent_indent=" " * len(head))

    def _secrets(self) -> Iterator[str]:
        # a first run that was killed has made some without saying them
        written = tuple(self.plan.secrets) if self._first else self.plan.written_secrets()
        if WEB_PASSWORD in written and self.wishes.web_password is None:
            yield f"\nPassword of the page: {self.plan.secrets[WEB_PASSWORD]}"
            yield f"(said this once; it stands in secrets/{WEB_PASSWORD})"
        port = self.plan.settings["MQTT_TLS_PORT" if self._has("tls") else "MQTT_PORT"]
        for name in written:
            if who := self._outside(name):
                user = next(iter(broker_users({name: ""})))
                yield f"\nFor {who}: MQTT port {port}, user {user}, password {self.plan.secrets[name]}"
        if certificates.CA in self.plan.writes:
            yield f"\nWhat trusts {certificates.CA} trusts this machine: put it into browsers, phones and gateways."

    def _outside(self, name: str) -> str | None:
        """Who must be told this secret by a person; Home Assistant only when it changes."""
        if name == HOME_ASSISTANT and f"secrets/{name}" in self.found:
            return "Home Assistant"
        for kind, prefix in (("the gateway", GATEWAY_PREFIX), ("the program", PROGRAM_PREFIX)):
            if name.startswith(prefix):
                return f"{kind} {name.removeprefix(prefix)}"
        return None

    def _next(self) -> Iterator[str]:
        if self._first:
            if self._has("simulator"):
                yield "A simulated house is read. For a meter: meterkast init --serial /dev/serial/by-id/…"
            yield f"Next, in {self.folder}:"
            yield "  docker compose up -d"
            return
        steps = tuple(self._steps())
        yield f"Next, in {self.folder}, where it runs:" if steps else "Nothing has to be started anew."
        yield from (f"  {step}" for step in steps)

    def _steps(self) -> Iterator[str]:
        changed = [name for name in self.plan.written_secrets() if f"secrets/{name}" in self.found]
        again = self._again(changed)
        broker = {PASSWORDS, ACL} & self.plan.writes.keys()
        if leaving := " ".join(self._leaving()):
            yield f"docker compose rm --stop --force {leaving}"
        if ENV in self.plan.writes:
            yield "docker compose up -d"
        if again:
            yield f"docker compose restart {' '.join(again)}"
        if broker and "mosquitto" not in again:
            yield "docker compose kill -s HUP mosquitto"
        if self._has("influxdb") and set(changed) & set(_DATABASE):
            yield INFLUXDB_TELL
        if self._has("grafana") and "grafana-admin" in changed:
            yield GRAFANA_TELL

    def _leaving(self) -> tuple[str, ...]:
        """Containers that ran with a profile that is no more, which compose leaves running."""
        before = dotenv.values(self.found[ENV].decode(errors="replace"))
        profiles = before.get("COMPOSE_PROFILES", "").split(",")
        return tuple(name for name, profile in _OPTIONAL.items() if profile in profiles and not self._has(profile))

    def _again(self, changed: Collection[str]) -> tuple[str, ...]:
        """Containers that must start anew, the broker first."""
        names = {name for secret in changed for name in secret_of(secret).containers}
        if TLS in self.plan.writes or "certificates/broker.pem" in self.plan.writes:
            names.add("mosquitto")
        if "certificates/web.pem" in self.plan.writes:
            names |= {"proxy", "console"}
        running = {name for name in names if name not in _OPTIONAL or self._has(_OPTIONAL[name])}
        return tuple(sorted(running, key=lambda name: (name not in {"influxdb", "mosquitto"}, name)))

    def _has(self, profile: str) -> bool:
        return variables.has_profile(self.plan.settings, profile)
