"""The world around a gateway that runs on a PC: networks and names, read from the JSON file that FIRMWARE_AIR names."""

import json
import os

HOME = {"networks": [{"ssid": "home", "password": "", "rssi": -60, "channel": 6}]}
"""What there is where no file says otherwise: one open network, and the PC's own names."""


def world() -> dict:
    """Return the world as it is at this moment."""
    path = os.getenv("FIRMWARE_AIR")
    if not path:
        return HOME
    with open(path) as file:
        return json.loads(file.read())  # load() would ask the PC for one byte after the other


def network(ssid: str | None) -> dict | None:
    """Return the network of that name, None if it is not in the air."""
    for found in world()["networks"]:
        if found["ssid"] == ssid:
            return found
    return None
