"""What the gateway can be told to do; each order is answered in one sentence, `<order>: <what became of it>`."""

import json

from rarely import load

_LONGEST = 32
_ANNOUNCE_S = 5


def carry_out(gateway, order):
    """Do what an order (name, payload, whether it was retained) says, or have it done once it is answered.

    Returns its name and what became of it: None of `set`, which checks.py and changes.py see to.
    """
    name, payload, retained = order
    name = _text(name)
    if name not in _ORDERS:
        return name, "no such order"
    if retained:
        return name, "refused: it was retained, so it would come again at every start"
    if payload is None:
        return name, "refused: too long"
    return name, _ORDERS[name](gateway, payload)


def _text(name):
    try:
        return name.decode()[:_LONGEST]
    except UnicodeError:
        return "?"


def _restart(gateway, _payload):
    gateway.finally_do(lambda: load("state").restart(), "restart: done")
    return "restarting"


def _identify(gateway, _payload):
    gateway.led.play(40, 125)
    return "blinking for ten seconds"


def _forget_wifi(gateway, _payload):
    def forget():
        config = gateway.config
        config.pop("wifi", None)
        config.pop("static", None)
        load("settings").save(config)
        load("wifi").forget()
        load("state").request("portal")

    gateway.finally_do(forget, "forget-wifi: done")
    return "opening the portal"


def _update(gateway, payload):
    try:
        url = json.loads(payload)["url"]
    except (ValueError, KeyError, TypeError):
        url = None
    if not isinstance(url, str) or not url.startswith("http://") or not 10 < len(url) < 200 or " " in url:
        return 'refused: it wants {"url": "http://…/"}'
    gateway.finally_do(lambda: load("state").request("update", {"url": url}), None)
    return "restarting to fetch it"


def _forget(gateway, _payload):
    gateway.announce_in_s = _ANNOUNCE_S
    return "announcing anew"


def _set(_gateway, _payload):
    return None


_ORDERS = {
    "restart": _restart,
    "identify": _identify,
    "forget-wifi": _forget_wifi,
    "update": _update,
    "set": _set,
    "forget": _forget,
}
