"""What each setting may be that an order can change; what is wrong with such an order."""

import json

_GATEWAY = "abcdefghijklmnopqrstuvwxyz0123456789_-"


def is_text(value, most, least=1):
    """Whether it is a text of so many bytes."""
    return isinstance(value, str) and least <= len(value.encode()) <= most


def is_number(value, least, most):
    """Whether it is a whole number in this range."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_gateway(value):
    return is_text(value, 32) and value[0] not in "_-" and all(letter in _GATEWAY for letter in value)


def _is_prefix(value):
    return is_text(value, 32) and not any(letter in "+#$ " for letter in value) and value[0] != "/" and value[-1] != "/"


def _is_host(value):
    return is_text(value, 64) and all(0 < len(label) < 64 for label in value.split(".")) and " " not in value


def _is_broker(value):
    return (
        isinstance(value, dict)
        and _is_host(value.get("host"))
        and is_number(value.get("port", 1883), 1, 65535)
        and all(is_text(value.get(name) or "", 64, 0) for name in ("user", "password"))
    )


_RULES = {
    "gateway": _is_gateway,
    "language": lambda value: value in ("nl", "en"),
    "broker": _is_broker,
    "led": lambda value: value in (None, 1, 2),
    "thin": lambda value: is_number(value, 1, 3600),
    "prefix": _is_prefix,
}

_WANTED = {
    "gateway": "lower-case letters, digits, _ and -",
    "language": "nl or en",
    "broker": "an object with host, port, user and password",
    "led": "1, 2 or null",
    "thin": "a number from 1 to 3600",
    "prefix": "a topic without wildcards",
}


def is_right(name, value):
    """Whether a setting is as it must be; of others than these nothing is said."""
    return name not in _RULES or _RULES[name](value)


def refusal(payload):
    """Why the order `set` is refused, in one sentence; None if it is right."""
    try:
        changes = json.loads(payload)
    except ValueError:
        changes = None
    if not isinstance(changes, dict):
        return "refused: no JSON object"
    for name in changes:
        if name not in _WANTED:
            return 'refused: no such setting "%s"' % str(name)[:20]
        if not is_right(name, changes[name]):
            return "refused: %s must be %s" % (name, _WANTED[name])
    return None if changes else "refused: no settings in it"
