"""What lets people and programs in, as it is kept: the password's hash, sessions, tokens."""

import hashlib
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from meterkast_api.access.scopes import Scope

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS password (origin TEXT PRIMARY KEY, hash TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS session (digest BLOB PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    """\
CREATE TABLE IF NOT EXISTS token (
    name TEXT PRIMARY KEY, digest BLOB NOT NULL UNIQUE, scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL, last_used_at INTEGER
) STRICT, WITHOUT ROWID""",
)
TOKEN_PREFIX = "mk_"  # noqa: S105 - how a token begins, none itself
TOKEN_NAME = r"^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?$"  # noqa: S105 - a pattern
SESSION_LASTS_S = 30 * 86_400
MOST_SESSIONS = 200
SECRET_BYTES = 32


class Origin(StrEnum):
    """Where a password comes from; the settings' one counts before the chosen one."""

    SETTINGS = "settings"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Password:
    """The password in force, as its argon2 hash."""

    origin: Origin
    hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """A program's key; times in Unix seconds."""

    name: str
    scopes: frozenset[Scope]
    created_at: int
    last_used_at: int | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everything that lets anybody in; sessions with the Unix second of their end."""

    password: Password | None = None
    sessions: Mapping[bytes, int] = field(default_factory=dict)
    tokens: Mapping[bytes, Token] = field(default_factory=dict)


def digest_of(secret: str) -> bytes:
    """What is kept of a session's or token's secret; it is random, so that a plain hash cannot be turned back."""
    return hashlib.sha256(secret.encode()).digest()


def load(connection: sqlite3.Connection) -> Credentials:
    """Read everything."""
    passwords = dict(connection.execute("SELECT origin, hash FROM password"))
    origin = next((each for each in Origin if each in passwords), None)
    return Credentials(
        password=Password(origin, passwords[origin]) if origin else None,
        sessions=dict(connection.execute("SELECT digest, expires_at FROM session")),
        tokens={
            digest: Token(name, frozenset(map(Scope, scopes.split())), created, used)
            for digest, name, scopes, created, used in connection.execute(
                "SELECT digest, name, scopes, created_at, last_used_at FROM token"
            )
        },
    )


def set_password(connection: sqlite3.Connection, origin: Origin, hash_: str | None) -> None:
    """Keep or, with None, forget the password of this origin; every session ends."""
    connection.execute("DELETE FROM password WHERE origin = ?", (origin,))
    if hash_ is not None:
        connection.execute("INSERT INTO password VALUES (?, ?)", (origin, hash_))
    connection.execute("DELETE FROM session")


def add_session(connection: sqlite3.Connection, now: float) -> str:
    """Begin a session and return its secret; those that have ended are forgotten, and the oldest beyond the most."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    connection.execute("DELETE FROM session WHERE expires_at <= ?", (int(now),))
    connection.execute("INSERT INTO session VALUES (?, ?)", (digest_of(secret), int(now) + SESSION_LASTS_S))
    connection.execute(
        "DELETE FROM session WHERE digest NOT IN (SELECT digest FROM session ORDER BY expires_at DESC LIMIT ?)",
        (MOST_SESSIONS,),
    )
    return secret


def end_session(connection: sqlite3.Connection, digest: bytes) -> None:
    """Forget a session."""
    connection.execute("DELETE FROM session WHERE digest = ?", (digest,))


def add_token(connection: sqlite3.Connection, name: str, scopes: Iterable[Scope], now: float) -> str | None:
    """Make a token and return its secret, or None where there is one of this name."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    row = (name, digest_of(secret), " ".join(sorted(scopes)), int(now))
    sql = "INSERT INTO token (name, digest, scopes, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING"
    return secret if connection.execute(sql, row).rowcount else None


def remove_token(connection: sqlite3.Connection, name: str) -> bool:
    """Forget a token; false where there is none of this name."""
    return connection.execute("DELETE FROM token WHERE name = ?", (name,)).rowcount > 0


def note_uses(connection: sqlite3.Connection, uses: Mapping[bytes, int]) -> None:
    """Keep when tokens were last used, and let sessions last from then on."""
    for digest, at in uses.items():
        connection.execute("UPDATE token SET last_used_at = ? WHERE digest = ?", (at, digest))
        connection.execute("UPDATE session SET expires_at = ? WHERE digest = ?", (at + SESSION_LASTS_S, digest))


def with_implied(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """Who may control may read."""
    given = frozenset(scopes)
    return given | {Scope.READ} if Scope.CONTROL in given else given
