"""When a release or a change of settings has proved itself, and what becomes of one that has not."""

import os

from rarely import load

_NEW = "config.new"
_NOW = "config.json"
_BEFORE = "config.bak"


def settings_on_trial():
    """Whether changed settings still have to prove themselves."""
    return _BEFORE in os.listdir()


def running(state):
    """Whether anything has to prove itself."""
    return bool(state.get("trial")) or settings_on_trial()


def passed():
    """It has: it can be told to update, and a telegram or a minute has gone well."""
    if settings_on_trial():
        os.remove(_BEFORE)
    load("state").confirm()


def failed(why):
    """It has not: back to what was before."""
    if not settings_on_trial():
        load("state").give_up(why)
    os.rename(_BEFORE, _NOW)
    leave("set: went back: " + why)
    load("state").restart()


def try_out(config):
    """Restart with changed settings, a copy of those before kept until they have proved themselves."""
    with open(_NOW) as now, open(_NEW, "w") as before:
        before.write(now.read())
    os.rename(_NEW, _BEFORE)
    load("settings").save(config)
    load("state").restart()


def leave(answer):
    """Keep an order's answer for after the restart; None takes it away."""
    store = load("state")
    kept = store.load()
    if kept.get("answer") != answer:
        kept["answer"] = answer
        store.save(kept)
