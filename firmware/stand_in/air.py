"""The world around a gateway that runs on a PC: networks and names, read from the JSON file that FIRMWARE_AIR names.

To change it, put another file in its place.
"""

import json
import os

_path = os.getenv("FIRMWARE_AIR")
_file = ()
_world = {"networks": [{"ssid": "home", "password": "", "rssi": -60, "channel": 6}]}
"""What there is where no file says otherwise: one open network, and the PC's own names."""


def world() -> dict:
    """Return the world as it is at this moment."""
    global _file, _world  # noqa: PLW0603 - there is one
    if _path:
        found = os.stat(_path)
        current = (found[1], found[6], found[8])  # of a file and the one after the next, the first may be the same
        if current != _file:
            with open(_path) as file:
                _world = json.loads(file.read())  # load() would ask the PC for one byte after the other
            _file = current
    return _world


def network(ssid: str | None) -> dict | None:
    """Return the network of that name, None if it is not in the air."""
    for found in world()["networks"]:
        if found["ssid"] == ssid:
            return found
    return None
