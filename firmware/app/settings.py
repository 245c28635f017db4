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
        if not checks.is_right(config, name):
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
