"""The settings in config.json; what is wrong in the file is as if it were absent."""

import json
import os

from rarely import load as _load

PATH = "config.json"
BEFORE = "config.bak"


def load():
    """The settings, complete save for `wifi`, `static` and `broker`, which may be absent."""
    config = _read(PATH) or _read(BEFORE) or {}
    checks = _load("checks")
    for name in list(config):
        if not checks.is_right(name, config[name]) or not _is_right(name, config[name], checks):
            del config[name]
    for name, value in (("language", "nl"), ("led", 1), ("thin", 1), ("prefix", "dsmr")):
        config.setdefault(name, value)
    if "gateway" not in config:
        from machine import unique_id

        config["gateway"] = "esp01-dsmr-%02x" % unique_id()[0]
    if "broker" in config:
        config["broker"].setdefault("port", 1883)
    return config


def save(config):
    """Write the settings in one step."""
    with open("config.new", "w") as file:
        file.write(json.dumps(config))
    os.rename("config.new", PATH)


def _read(path):
    try:
        with open(path) as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _is_right(name, value, checks):
    """The same of the settings that no order changes."""
    if name == "wifi":
        return (
            isinstance(value, dict)
            and checks.is_text(value.get("ssid"), 32)
            and checks.is_text(value.get("password") or "", 64, 0)
        )
    if name == "static":
        return (
            isinstance(value, dict)
            and all(_is_address(value.get(part)) for part in ("address", "netmask", "gateway"))
            and _is_address(value.get("dns") or value["gateway"])
        )
    if name == "portal_after":
        return checks.is_number(value, 0, 1440)
    return name != "portal_password" or checks.is_text(value, 63, 8)


def _is_address(value):
    parts = value.split(".") if isinstance(value, str) else ()
    return len(parts) == 4 and all(part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts)
