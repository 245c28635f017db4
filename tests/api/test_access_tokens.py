"""Tokens: what programs come with, and the audit log of what they and people change."""

import asyncio
import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from meterkast_api.access import audit, credentials
from meterkast_api.access.audit import AuditLog
from meterkast_api.access.credentials import MOST_SESSIONS, SESSION_LASTS_S, Origin
from meterkast_api.access.keyring import Keyring
from meterkast_api.access.scopes import Scope
from meterkast_api.database import FILE, Database

from tests.api.houses import OWNER, House, house
from tests.brokers import Broker

PASSWORD = "correct horse"


async def make(here: House, name: str, *scopes: str) -> str:
    """Make a token as the owner, and come without the cookie afterwards."""
    await here.client.post("/api/v1/session", json={"password": PASSWORD})
    answer = await here.client.post("/api/v1/tokens", json={"name": name, "scopes": scopes or ("read",)})
    assert answer.status_code == 201, answer.text
    here.client.cookies.clear()
    token: str = answer.json()["token"]
    return token


def bearing(token: str) -> dict[str, str]:
    """The header of a program."""
    return {"Authorization": f"Bearer {token}"}


def kind(answer: httpx.Response) -> tuple[int, str]:
    """Status and kind of a problem."""
    return answer.status_code, answer.json()["type"].removeprefix("urn:meterkast:problem:")


async def test_a_token_lets_a_program_read(mosquitto: Broker) -> None:
    """Its secret is shown once; it reads where a login is required, and changes nothing."""
    async with house(mosquitto, password=PASSWORD, require_login=True) as here:
        token = await make(here, "home-assistant")
        assert token.startswith("mk_")
        assert len(token) == 46
        assert (await here.client.get("/api/v1/meters", headers=bearing(token))).status_code == 200
        who = (await here.client.get("/api/v1/session", headers=bearing(token))).json()
        assert (who["name"], who["scopes"]) == ("token home-assistant", ["read"])
        body = {"name": "another"}
        refused = await here.client.post("/api/v1/tokens", json=body, headers=bearing(token))
        assert kind(refused) == (403, "not-allowed")
        assert "token home-assistant may not do this: it needs control" in refused.json()["detail"]


async def test_a_control_token_may_do_what_the_owner_may(mosquitto: Broker) -> None:
    """Control includes reading; lists show tokens without their secrets, and when they were last used."""
    async with house(mosquitto, password=PASSWORD) as here:
        token = await make(here, "admin", "control")
        before = datetime.now(UTC).replace(microsecond=0)
        listed = await here.client.get("/api/v1/tokens", headers=bearing(token))
        assert token not in listed.text
        (only,) = listed.json()
        assert (only["name"], only["scopes"]) == ("admin", ["control", "read"])
        assert before - timedelta(seconds=5) <= datetime.fromisoformat(only["created_at"]) <= datetime.now(UTC)
        assert before <= datetime.fromisoformat(only["last_used_at"]) <= datetime.now(UTC)


async def test_names_of_tokens_are_single(mosquitto: Broker) -> None:
    """A name that is taken or odd is refused, and so is removing one that is none."""
    async with house(mosquitto, caller=OWNER) as here:
        assert (await here.client.post("/api/v1/tokens", json={"name": "ha"})).status_code == 201
        assert kind(await here.client.post("/api/v1/tokens", json={"name": "ha"})) == (409, "token-exists")
        for name in ("", " ha", "a/b", "x" * 65, "new\nline"):
            assert kind(await here.client.post("/api/v1/tokens", json={"name": name})) == (422, "invalid-request")
        wanted = {"name": "none", "scopes": []}
        assert kind(await here.client.post("/api/v1/tokens", json=wanted)) == (422, "invalid-request")
        assert kind(await here.client.delete("/api/v1/tokens/shed")) == (404, "unknown-token")


async def test_a_removed_token_is_refused_at_once(mosquitto: Broker) -> None:
    """A token that is not known is told so, even where reading is open."""
    async with house(mosquitto, password=PASSWORD) as here:
        token = await make(here, "home assistant")
        admin = await make(here, "admin", "control")
        assert (await here.client.delete("/api/v1/tokens/home%20assistant", headers=bearing(admin))).status_code == 204
        answer = await here.client.get("/api/v1/meters", headers=bearing(token))
        assert kind(answer) == (401, "unknown-token")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        basic = {"Authorization": "Basic b3duZXI6eA=="}
        assert (await here.client.get("/api/v1/meters", headers=basic)).status_code == 200, "that of a proxy before us"


async def test_what_another_process_changes_is_seen(mosquitto: Broker) -> None:
    """A token or password set by the command line counts in the running API."""
    async with house(mosquitto) as here:
        with contextlib.closing(sqlite3.connect(mosquitto.directory / FILE)) as connection, connection:
            token = credentials.add_token(connection, "cli", {Scope.READ}, 0)
            credentials.set_password(connection, Origin.CHOSEN, "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA")
        assert token

        async def known() -> bool:
            return (await here.client.get("/api/v1/meters", headers=bearing(token))).status_code == 200

        await here.until(known)
        assert (await here.get("/api/v1/session")).json()["login"] == "password"


async def test_the_audit_log_tells_who_changed_what(mosquitto: Broker) -> None:
    """Every change has its line, newest first, and reading the log needs control."""
    async with house(mosquitto, password=PASSWORD) as here:
        admin = await make(here, "admin", "control")
        await here.client.post("/api/v1/tokens", json={"name": "ha"}, headers=bearing(admin))
        await here.client.delete("/api/v1/tokens/ha", headers=bearing(admin))
        assert kind(await here.get("/api/v1/audit")) == (401, "login-needed")
        entries = (await here.client.get("/api/v1/audit", headers=bearing(admin))).json()["entries"]
        assert [(entry["who"], entry["what"], entry["detail"]) for entry in entries] == [
            ("token admin", "token removed", "ha"),
            ("token admin", "token made", "ha: read"),
            ("owner", "token made", "admin: control, read"),
            ("owner", "logged in", "127.0.0.1"),
        ]
        newest = (await here.client.get("/api/v1/audit?limit=1", headers=bearing(admin))).json()["entries"]
        assert newest == entries[:1]


async def test_the_audit_log_stays_small(tmp_path: Path) -> None:
    """The newest entries are kept."""
    async with Database(tmp_path / FILE, (audit.SCHEMA,)) as database:
        log = AuditLog(database, kept=3)
        for number in range(10):
            await log.note(OWNER, f"change {number}")
        assert [entry.what for entry in await log.latest(100)] == ["change 9", "change 8", "change 7"]


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_sessions_last_thirty_days_from_their_last_use(tmp_path: Path) -> None:
    """One that is used goes on; one that is not used ends; the end survives a restart."""
    clock = Clock()
    async with Database(tmp_path / FILE, credentials.SCHEMA) as database:
        async with Keyring(database, now=clock) as keyring:
            used = await keyring.change(lambda c: credentials.add_session(c, clock.now))
            idle = await keyring.change(lambda c: credentials.add_session(c, clock.now))
            clock.now += SESSION_LASTS_S - 10
            assert keyring.by_session(used) is not None
        async with Keyring(database, now=clock) as keyring:
            clock.now += 20
            assert keyring.by_session(used) is not None
            assert keyring.by_session(idle) is None
            clock.now += SESSION_LASTS_S
            assert keyring.by_session(used) is None


async def test_sessions_are_not_without_number(tmp_path: Path) -> None:
    """Logging in again and again ends the oldest session."""
    async with Database(tmp_path / FILE, credentials.SCHEMA) as database, Keyring(database) as keyring:
        begun = [
            await keyring.change(lambda c, at=at: credentials.add_session(c, 2e9 + at))  # type: ignore[misc]
            for at in range(MOST_SESSIONS + 1)
        ]
        assert [keyring.by_session(secret) is not None for secret in begun] == [False] + [True] * MOST_SESSIONS


async def test_the_use_of_a_token_is_kept_once_a_minute(tmp_path: Path) -> None:
    """Thousands of requests a second are one write a minute."""
    clock = Clock()
    async with Database(tmp_path / FILE, credentials.SCHEMA) as database:
        async with Keyring(database, now=clock, look_every_s=0.01) as keyring:
            often = await keyring.change(lambda c: credentials.add_token(c, "often", {Scope.READ}, clock.now))
            once = await keyring.change(lambda c: credentials.add_token(c, "once", {Scope.READ}, clock.now))
            assert often
            assert once

            async def kept(name: str, at: float | None = None) -> int | None:
                async with asyncio.timeout(5):
                    while True:
                        held = await database.run(credentials.load)
                        used = next(token.last_used_at for token in held.tokens.values() if token.name == name)
                        if at is None or used == at:
                            return used
                        await asyncio.sleep(0.005)

            first = clock.now
            keyring.by_token(often)
            await kept("often", first)
            clock.now += 30
            keyring.by_token(often)
            keyring.by_token(once)
            assert [used for _, used in keyring.tokens()] == [clock.now, clock.now], "shown at once"
            await kept("once", clock.now)
            assert await kept("often") == first, "too soon for another write"
        assert await kept("often") == clock.now, "kept at the end as well"
