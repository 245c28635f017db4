"""What the gateway can be told to do; each order is answered in one sentence, `<order>: <what became of it>`."""

import json

from rarely import load

_LONGEST = 32
_ANNOUNCE_S = 5
_AT_ONCE = ("led", "thin", "language")


def carry_out(gateway, order):
    """Do what an order (name, payload, whether it was retained) says, or have it done once it is answered."""
    name, payload, retained = order
    name = _text(name)
    if name not in _ORDERS:
        became = "no such order"
    elif retained:
        became = "refused: it was retained, so it would come again at every start"
    elif payload is None:
        became = "refused: too long"
    else:
        became = _ORDERS[name](gateway, payload)
    return "%s: %s" % (name, became)


def _text(name):
    try:
        return name.decode()[:_LONGEST]
    except UnicodeError:
        return "?"


def _object(payload):
    try:
        found = json.loads(payload)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


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
    order = _object(payload)
    url = order.get("url") if order else None
    if not isinstance(url, str) or not url.startswith("http://") or not 10 < len(url) < 200 or " " in url:
        return 'refused: it wants {"url": "http://…/"}'
    gateway.finally_do(lambda: load("state").request("update", {"url": url}), None)
    return "restarting to fetch it"


def _set(gateway, payload):
    changes = _object(payload)
    if changes is None:
        return "refused: no JSON object"
    new, wrong = load("checks").changed(gateway.config, changes)
    if wrong:
        return "refused: " + wrong
    if load("trial").settings_on_trial():
        return "refused: the last change has not proved itself yet"
    if all(name in _AT_ONCE for name in changes):
        load("settings").save(new)
        if new["led"] != gateway.config["led"]:
            gateway.led.light(False)
            gateway.led.number = new["led"]
            gateway.led.attach()
        gateway.config = new
        return "done"
    gateway.finally_do(lambda: load("trial").try_out(new), "set: done")
    return "restarting with it"


def _forget(gateway, _payload):
    gateway.announce_in_s = _ANNOUNCE_S
    return "announcing anew"


_ORDERS = {
    "restart": _restart,
    "identify": _identify,
    "forget-wifi": _forget_wifi,
    "update": _update,
    "set": _set,
    "forget": _forget,
}
