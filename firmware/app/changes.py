"""The order `set`: changes the settings, at once or after a restart on trial; loaded only for that."""

import json

from rarely import load

_WANTED = {
    "gateway": "lower-case letters, digits, _ and -",
    "language": "nl or en",
    "broker": "an object with host, port, user and password",
    "led": "1, 2 or null",
    "thin": "a number from 1 to 3600",
    "prefix": "a topic without wildcards",
}
_AT_ONCE = ("led", "thin", "language")


def carry_out(gateway, payload):
    """Do what the order's JSON says; what became of it."""
    try:
        changes = json.loads(payload)
    except ValueError:
        changes = None
    if not isinstance(changes, dict):
        return "refused: no JSON object"
    wrong = _wrong(changes)
    if wrong:
        return "refused: " + wrong
    if load("trial").settings_on_trial():
        return "refused: the last change has not proved itself yet"
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


def _wrong(changes):
    """What is wrong with the changes in one sentence, None if nothing is."""
    checks = load("checks")
    for name in changes:
        if name not in _WANTED:
            return 'no such setting "%s"' % str(name)[:20]
        if not checks.is_right(name, changes[name]):
            return "%s must be %s" % (name, _WANTED[name])
    return None if changes else "no settings in it"
