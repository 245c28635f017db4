"""The code by which whoever started Meterkast chooses the first password on the page."""

import hmac
import secrets

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
GROUPS, LETTERS = 3, 4


def new_setup_code() -> str:
    """A fresh code of 59 random bits, e.g. `k7qd-m2xp-9wht`; no letter can be taken for another."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(LETTERS)) for _ in range(GROUPS))


def same_code(code: str, given: str) -> bool:
    """Whether the code was typed, however spaced; takes as long for every wrong one."""
    return hmac.compare_digest(_bare(code), _bare(given))


def _bare(code: str) -> bytes:
    return "".join(letter for letter in code.lower() if letter.isalnum()).encode()
