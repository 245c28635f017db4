"""InfluxDB servers of our own, with a store's settings for them and an administrator's hands."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from meterkast_store import StoreSettings
from pydantic import SecretStr

from tests.databases import DatabaseServer, influxdb_1, influxdb_2

ADMIN = ("admin", "secret of admin")


@dataclass(frozen=True, slots=True)
class Home:
    """A server whose administrator we are."""

    major: int
    server: DatabaseServer
    token: str = ""
    org: str = ""

    def settings(self, **more: Any) -> StoreSettings:
        """Return an administrator's settings, for databases of their own."""
        login: dict[str, Any] = {"token": SecretStr(self.token), "org": self.org}
        if self.major == 1:
            login = {"username": ADMIN[0], "password": SecretStr(ADMIN[1])}
        url = f"influxdb://127.0.0.1:{self.server.port}/d{uuid.uuid4().hex[:8]}"
        return StoreSettings.model_validate({"url": url, **login, **more})

    def request(self, method: str, path: str, **rest: Any) -> Any:
        """Ask the server as its administrator."""
        headers = {"Authorization": f"Token {self.token}"} if self.token else {}
        auth = None if self.token else ADMIN
        answer = httpx.request(method, f"{self.server.url}{path}", headers=headers, auth=auth, timeout=20, **rest)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def ask(self, text: str, database: str = "") -> list[list[Any]]:
        """Return the values that InfluxQL answers."""
        found = self.request("POST", "/query", params={"db": database, "epoch": "ms"}, data={"q": text})
        return [row for one in found["results"] for part in one.get("series", ()) for row in part.get("values", ())]

    def write(self, database: str, line: str) -> None:
        """Write a line of somebody else's."""
        self.request("POST", "/write", params={"db": database, "precision": "ms"}, content=line)

    def bucket(self, name: str) -> Any:
        """Return a bucket of version 2."""
        return self.request("GET", f"/api/v2/buckets?name={name}")["buckets"][0]

    def drop(self, database: str) -> None:
        """Remove a database."""
        if self.major == 1:
            self.ask(f'DROP DATABASE "{database}"')
        else:
            self.request("DELETE", f"/api/v2/buckets/{self.bucket(database)['id']}")

    def retention_days(self, database: str) -> float:
        """Return for how long the server itself keeps rows."""
        if self.major == 2:
            return float(self.bucket(database)["retentionRules"][0]["everySeconds"]) / 86_400
        ((_, duration, *_),) = self.ask(f'SHOW RETENTION POLICIES ON "{database}"')
        return float(duration.partition("h")[0]) / 24 if "h" in duration else 0.0

    def user(self, *databases: str) -> dict[str, Any]:
        """Make somebody who may read and write these databases; returns their settings."""
        if self.major == 1:
            name = f"u{uuid.uuid4().hex[:8]}"
            grants = "".join(f'; GRANT ALL ON "{database}" TO {name}' for database in databases)
            self.ask(f"CREATE USER {name} WITH PASSWORD 'pass'{grants}")
            return {"username": name, "password": SecretStr("pass")}
        org = self.request("GET", "/api/v2/orgs")["orgs"][0]["id"]
        rights = [
            {"action": action, "resource": {"type": "buckets", "id": self.bucket(database)["id"], "orgID": org}}
            for database in databases
            for action in ("read", "write")
        ]
        made = self.request("POST", "/api/v2/authorizations", content=json.dumps({"orgID": org, "permissions": rights}))
        return {"token": SecretStr(made["token"]), "org": self.org}

    def let_in(self, user: dict[str, Any], *, welcome: bool) -> None:
        """Take somebody's right away, or give it back."""
        if self.major == 1:
            self.ask(f"SET PASSWORD FOR {user['username']} = '{'pass' if welcome else 'other'}'")
            return
        for one in self.request("GET", "/api/v2/authorizations")["authorizations"]:
            if one["token"] == user["token"].get_secret_value():
                status = json.dumps({"status": "active" if welcome else "inactive"})
                self.request("PATCH", f"/api/v2/authorizations/{one['id']}", content=status)


@contextmanager
def home(major: int, folder: Path) -> Iterator[Home]:
    """Run a server of a major version."""
    if major == 2:
        with influxdb_2(folder) as two:
            assert two.server is not None
            yield Home(2, two.server, two.token, two.org)
        return
    with influxdb_1(folder, auth=True) as server:
        made = {"q": f"CREATE USER {ADMIN[0]} WITH PASSWORD '{ADMIN[1]}' WITH ALL PRIVILEGES"}
        httpx.post(f"{server.url}/query", params=made).raise_for_status()
        yield Home(1, server)
