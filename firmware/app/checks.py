"""What each setting may be."""

_GATEWAY = "abcdefghijklmnopqrstuvwxyz0123456789_-"


def _is_text(value, most, least=1):
    return isinstance(value, str) and least <= len(value.encode()) <= most


def _is_number(value, least, most):
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_gateway(value):
    return _is_text(value, 32) and value[0] not in "_-" and all(letter in _GATEWAY for letter in value)


def _is_prefix(value):
    return (
        _is_text(value, 32) and not any(letter in "+#$ " for letter in value) and value[0] != "/" and value[-1] != "/"
    )


def _is_host(value):
    return _is_text(value, 64) and all(0 < len(label) < 64 for label in value.split(".")) and " " not in value


def _is_address(value):
    parts = value.split(".") if isinstance(value, str) else ()
    return len(parts) == 4 and all(part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts)


def _is_broker(value):
    return (
        isinstance(value, dict)
        and _is_host(value.get("host"))
        and _is_number(value.get("port", 1883), 1, 65535)
        and all(_is_text(value.get(name) or "", 64, 0) for name in ("user", "password"))
    )


def _is_wifi(value):
    return isinstance(value, dict) and _is_text(value.get("ssid"), 32) and _is_text(value.get("password") or "", 64, 0)


def _is_static(value):
    return (
        isinstance(value, dict)
        and all(_is_address(value.get(name)) for name in ("address", "netmask", "gateway"))
        and _is_address(value.get("dns") or value["gateway"])
    )


_RULES = {
    "gateway": _is_gateway,
    "language": lambda value: value in ("nl", "en"),
    "wifi": _is_wifi,
    "static": _is_static,
    "broker": _is_broker,
    "led": lambda value: value in (None, 1, 2),
    "thin": lambda value: _is_number(value, 1, 3600),
    "portal_after": lambda value: _is_number(value, 0, 1440),
    "portal_password": lambda value: _is_text(value, 63, 8),
    "prefix": _is_prefix,
}


def is_right(config, name):
    """Whether a setting is as it must be; of one that is not ours nothing is said."""
    return name not in _RULES or _RULES[name](config[name])
