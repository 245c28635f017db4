"""The order `set`: changes the settings, at once or after a restart on trial; loaded only for that."""

import json

from rarely import load

_AT_ONCE = ("led", "thin", "language")


def carry_out(gateway, payload):
    """Do what the order's JSON says, which checks.py has found to be right; what became of it."""
    if load("trial").settings_on_trial():
        return "refused: the last change has not proved itself yet"
    changes = json.loads(payload)
    new = dict(gateway.config)
    new.update(changes)
    if not all(name in _AT_ONCE for name in changes):
        gateway.finally_do(lambda: load("trial").try_out(new), "set: done")
        return "restarting with it"
    load("settings").save(new)
    if new["led"] != gateway.config["led"]:
        gateway.led.light(False)
        gateway.led.number = new["led"]
        gateway.led.attach()
    gateway.config = new
    return "done"
