"""Mosquitto's password file: a line for each user, PBKDF2 with SHA-512, marked `$7$` (mosquitto_passwd(1))."""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Collection, Mapping

ROUNDS = 101  # as mosquitto_passwd does; a random password needs no slow hash
_MARK = "$7$"
_SALT_BYTES = 12


def password_line(username: str, password: str) -> str:
    """Return the user's line, with a salt of its own."""
    salt = os.urandom(_SALT_BYTES)
    words = (base64.b64encode(part).decode() for part in (salt, _digest(password, salt, ROUNDS)))
    return f"{username}:{_MARK}{ROUNDS}${'$'.join(words)}"


def fits(line: str, password: str) -> bool:
    """Whether this line lets in by this password; False for a line of another kind."""
    rounds, _, rest = line.partition(":")[2].removeprefix(_MARK).partition("$")
    salt, _, digest = rest.partition("$")
    try:
        expected = _digest(password, base64.b64decode(salt, validate=True), int(rounds))
        return hmac.compare_digest(base64.b64decode(digest, validate=True), expected)
    except (ValueError, binascii.Error):
        return False


def merged(text: str, passwords: Mapping[str, str], *, without: Collection[str] = ()) -> str:
    """Return the file in which these users come in by these passwords; lines of other users, and right ones, stay."""
    wanted = dict(passwords)
    before = text.removesuffix("\n").split("\n") if text else []
    after = []
    for line in before:
        name = line.partition(":")[0]
        if name in without:
            continue
        password = wanted.pop(name, None)
        after.append(line if password is None or fits(line, password) else password_line(name, password))
    after += [password_line(name, password) for name, password in wanted.items()]
    return text if after == before else "".join(f"{line}\n" for line in after)


def users(text: str) -> frozenset[str]:
    """Names of all users of the file."""
    return frozenset(line.partition(":")[0] for line in text.split("\n") if ":" in line)


def _digest(password: str, salt: bytes, rounds: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
