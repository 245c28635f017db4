"""Logging in: what is open, what is not, and what a password, a setup code and a session do."""

import asyncio
import math
import sqlite3
import time
from typing import Any

import httpx
import pytest
from meterkast_api.access.passwords import complaint, fits, hash_password
from meterkast_api.access.recogniser import COOKIE
from meterkast_api.access.setup_code import new_setup_code, same_code

from tests.api.houses import House, house
from tests.brokers import Broker

CODE = "abcd-efgh-jkmn"
PASSWORD = "correct horse"
READ = ["read"]
ALL = ["control", "read"]


async def choose(here: House, **given: str) -> httpx.Response:
    """Choose the password."""
    return await here.client.post("/api/v1/password", json=given)


async def log_in(here: House, password: str = PASSWORD) -> httpx.Response:
    """Log in, by the cookie that the client keeps."""
    return await here.client.post("/api/v1/session", json={"password": password})


async def session(here: House) -> dict[str, Any]:
    """Who we are, as the API sees it."""
    answer: dict[str, Any] = (await here.get("/api/v1/session")).json()
    return answer


def kind(answer: httpx.Response) -> tuple[int, str]:
    """Status and kind of a problem."""
    return answer.status_code, answer.json()["type"].removeprefix("urn:meterkast:problem:")


async def test_on_loopback_everybody_reads_and_nobody_changes(mosquitto: Broker) -> None:
    """Without a password nothing is asked for reading; control can only be had by the setup code."""
    async with house(mosquitto, setup_code=CODE) as here:
        assert await session(here) == {"scopes": READ, "login": "setup", "password_set": False, "reading": "open"}
        assert (await here.get("/api/v1/meters")).status_code == 200
        assert kind(await here.get("/api/v1/tokens")) == (401, "login-needed")
        assert kind(await log_in(here)) == (409, "no-password")


async def test_the_setup_code_chooses_the_first_password_and_logs_in(mosquitto: Broker) -> None:
    """The code counts once, however it is typed; afterwards only the current password lets another be chosen."""
    async with house(mosquitto, setup_code=CODE) as here:
        assert kind(await choose(here, password=PASSWORD)) == (403, "wrong-setup-code")
        assert kind(await choose(here, password=PASSWORD, setup_code="abcd-efgh-jkmm")) == (403, "wrong-setup-code")
        assert kind(await choose(here, password="short", setup_code=CODE)) == (422, "invalid-request")
        assert (await choose(here, password=PASSWORD, setup_code=" ABCD EFGH jkmn")).status_code == 204
        assert await session(here) == {
            "scopes": ALL,
            "name": "owner",
            "login": "password",
            "password_set": True,
            "reading": "open",
        }
        assert kind(await choose(here, password="another one", setup_code=CODE)) == (401, "wrong-password")


async def test_a_new_password_needs_the_current_one_and_ends_other_sessions(mosquitto: Broker) -> None:
    """Who has the old password or an old session is out at once."""
    async with house(mosquitto, setup_code=CODE) as here:
        await choose(here, password=PASSWORD, setup_code=CODE)
        elsewhere = {"Cookie": f"{COOKIE}={here.client.cookies[COOKIE]}"}
        assert (await choose(here, password="a better one", current=PASSWORD)).status_code == 204
        assert (await session(here))["scopes"] == ALL
        here.client.cookies.clear()
        answer = await here.client.get("/api/v1/session", headers=elsewhere)
        assert answer.json()["scopes"] == READ
        assert kind(await log_in(here)) == (401, "wrong-password")
        assert (await log_in(here, "a better one")).status_code == 204


async def test_a_session_survives_a_restart_and_ends_by_logging_out(mosquitto: Broker) -> None:
    """The browser stays logged in when Meterkast starts again; after logging out the old cookie is worth nothing."""
    async with house(mosquitto, setup_code=CODE) as here:
        await choose(here, password=PASSWORD, setup_code=CODE)
        cookie = {"Cookie": f"{COOKIE}={here.client.cookies[COOKIE]}"}
    async with house(mosquitto) as here:
        assert (await here.client.get("/api/v1/tokens", headers=cookie)).status_code == 200
        out = await here.client.delete("/api/v1/session", headers=cookie)
        assert out.status_code == 204
        assert f'{COOKIE}=""' in out.headers["set-cookie"]
        assert "Max-Age=0" in out.headers["set-cookie"]
        assert kind(await here.client.get("/api/v1/tokens", headers=cookie)) == (401, "login-needed")


async def test_the_cookie_is_for_our_page_alone(mosquitto: Broker) -> None:
    """No script, no other site and no unencrypted line gets it; the page renews it while it is used."""
    async with house(mosquitto, password=PASSWORD) as here:
        cookie = (await log_in(here)).headers["set-cookie"]
        for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=2592000"):
            assert part in cookie.split("; ")
        assert "Secure" not in cookie
        assert "Max-Age=2592000" in (await here.get("/api/v1/session")).headers["set-cookie"]
        encrypted = {"X-Forwarded-Proto": "https"}
        answer = await here.client.post("/api/v1/session", json={"password": PASSWORD}, headers=encrypted)
        assert "Secure" in answer.headers["set-cookie"].split("; ")


async def test_where_a_login_is_required_nothing_but_the_way_in_is_open(mosquitto: Broker) -> None:
    """`require_login` guards reading; health tells its status alone, and the page's files are everybody's."""
    async with house(mosquitto, setup_code=CODE, password=PASSWORD, require_login=True) as here:
        assert (await here.get("/health")).json() == {"status": "ok"}
        assert (await session(here))["reading"] == "login"
        assert (await here.get("/")).status_code == 503, "the page, which is not built"
        for path in ("/api/v1/meters", "/api/v1/stream", "/metrics", "/docs", "/docs/start.js", "/openapi.json"):
            answer = await here.get(path)
            assert kind(answer) == (401, "login-needed"), path
            assert answer.headers["www-authenticate"].startswith("Bearer")
        assert (await log_in(here)).status_code == 204
        assert (await here.get("/api/v1/meters")).status_code == 200
        assert (await here.get("/health")).json()["checks"]["mqtt"] == "connected"


async def test_the_settings_password_counts_and_is_changed_there_alone(mosquitto: Broker) -> None:
    """It is no less hashed; another one in the settings ends every session, none brings the chosen one back."""
    async with house(mosquitto, setup_code=CODE) as here:
        await choose(here, password="chosen on the page", setup_code=CODE)
    async with house(mosquitto, password=PASSWORD) as here:
        assert kind(await log_in(here, "chosen on the page")) == (401, "wrong-password")
        assert (await log_in(here)).status_code == 204
        cookie = {"Cookie": f"{COOKIE}={here.client.cookies[COOKIE]}"}
        assert kind(await choose(here, password="another one", current=PASSWORD)) == (409, "password-in-settings")
    async with house(mosquitto, password=PASSWORD) as here:
        assert (await here.client.get("/api/v1/tokens", headers=cookie)).status_code == 200
    async with house(mosquitto, password="changed in the file") as here:
        assert (await here.client.get("/api/v1/tokens", headers=cookie)).status_code == 401
    async with house(mosquitto) as here:
        assert (await log_in(here, "chosen on the page")).status_code == 204


async def test_guessing_is_slowed_down(mosquitto: Broker) -> None:
    """After five wrong passwords or codes the next must wait, the right one too, and the answer says how long."""
    async with house(mosquitto, password=PASSWORD) as here:
        for _ in range(5):
            assert kind(await log_in(here, "wrong guess")) == (401, "wrong-password")
        answer = await log_in(here)
        assert kind(answer) == (429, "too-many-attempts")
        assert 1 <= int(answer.headers["retry-after"]) <= 2
    async with house(mosquitto, setup_code=CODE) as here:
        for _ in range(5):
            assert (await choose(here, password=PASSWORD, setup_code="guess")).status_code == 403
        assert kind(await choose(here, password=PASSWORD, setup_code=CODE)) == (429, "too-many-attempts")


async def test_a_flood_of_logins_does_not_delay_reading(mosquitto: Broker) -> None:
    """Hashing happens beside the event loop, and only as many guesses are hashed as the limit lets through."""
    async with house(mosquitto, password=PASSWORD) as here:
        began = time.monotonic()
        flood = [asyncio.create_task(log_in(here, "wrong guess")) for _ in range(100)]
        assert (await here.get("/api/v1/catalogue")).status_code == 200
        answers = [(await each).status_code for each in flood]
        waited_out = int(math.log2(time.monotonic() - began + 2)) - 1  # of the waits of 2, 4, 8 … s
        hashed = answers.count(401)
        assert 5 <= hashed <= 5 + waited_out
        assert answers.count(429) == 100 - hashed


async def test_nothing_secret_is_kept_or_logged_in_the_clear(
    mosquitto: Broker, capfd: pytest.CaptureFixture[str]
) -> None:
    """The file has an argon2 hash and digests, and only its owner can read it; the log tells who did what."""
    async with house(mosquitto, setup_code=CODE) as here:
        await choose(here, password=PASSWORD, setup_code=CODE)
        cookie = here.client.cookies[COOKIE]
        token = (await here.client.post("/api/v1/tokens", json={"name": "ha"})).json()["token"]
    files = list(mosquitto.directory.glob("api.sqlite*"))
    assert files
    for file in files:
        assert file.stat().st_mode & 0o077 == 0
        for secret in (PASSWORD, cookie, token, CODE):
            assert secret.encode() not in file.read_bytes()
    logged = "".join(capfd.readouterr())
    assert "token made" in logged
    assert not [secret for secret in (PASSWORD, cookie, token, CODE) if secret in logged]
    with sqlite3.connect(mosquitto.directory / "api.sqlite") as connection:
        (hash_,) = connection.execute("SELECT hash FROM password").fetchone()
    connection.close()
    assert hash_.startswith("$argon2id$")


async def test_a_service_of_its_own_logs_its_setup_code(mosquitto: Broker, capfd: pytest.CaptureFixture[str]) -> None:
    """As long as there is no password: then the code that it logs lets one be chosen."""
    async with house(mosquitto) as here:
        code = "".join(capfd.readouterr()).partition("with the setup code ")[2][:14]
        assert (await choose(here, password=PASSWORD, setup_code=code)).status_code == 204
    async with house(mosquitto):
        assert "setup code" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("secret", ["hunter2-hunter2", "x" * 2000])
async def test_a_refused_body_does_not_repeat_the_secret(mosquitto: Broker, secret: str) -> None:
    """Neither the answer to a body that makes no sense, nor one that is too long, shows a password."""
    async with house(mosquitto) as here:
        for body in ({"password": secret, "sum": 1}, {"password": [secret]}, {"password": secret * 200}):
            answer = await here.client.post("/api/v1/session", json=body)
            assert answer.status_code in (413, 422)
            assert secret not in answer.text


def test_passwords_have_a_length() -> None:
    """Eight characters at least; so many that hashing them takes long are none."""
    assert complaint("1234567") == "a password has at least 8 characters"
    assert complaint("12345678") is None
    assert complaint("x" * 1025) == "a password has at most 1024 characters"
    assert not fits(hash_password("12345678"), "x" * 2_000_000)


def test_setup_codes_are_random_and_typed_with_ease() -> None:
    """No two are the same; case and separators do not matter, letters do."""
    codes = {new_setup_code() for _ in range(100)}
    assert len(codes) == 100
    code = codes.pop()
    assert same_code(code, code.upper().replace("-", " "))
    assert not same_code(code, code[:-1])
    assert not same_code(code, "")
    assert not same_code(code, "é" * 12)
