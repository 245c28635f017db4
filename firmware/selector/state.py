"""What outlives a reset: /state.json in flash, beside the note of mark.py; a gateway loads it when it is needed."""

import json
import os

import machine
from mark import FAILED, begin, limit, note, running, sequence, version  # noqa: F401 - state is asked for all of it

PATH = "/state.json"
_COPY = "/state.copy"
_NEW = "/state.new"
SLOTS = ("a", "b")
_MODES = ("gateway", "portal", "update")

_DEFAULTS = {
    "slot": "",
    "trial": None,
    "mode": "gateway",
    "order": None,
    "why": "",
    "update": "",
    "failures": 0,
    "sequence": 0,
}
_memory = machine.RTC()


def load() -> dict:
    """The state, each field of its type; without a readable file the last good copy less its trial and its order."""
    state = _read(PATH)
    if not state["slot"]:
        state = _read(_COPY)
        state["trial"] = state["order"] = None
        state["mode"] = "gateway"
    return state


def save(state: dict) -> None:
    """Write the state and its copy, each to a new name that then takes the old one's place."""
    text = json.dumps(state)
    for path in (PATH, _COPY):
        with open(_NEW, "w") as file:
            file.write(text)
        os.rename(_NEW, path)


def request(mode: str, order: dict | None = None, update: str | None = None) -> None:
    """Restart in a mode, with its order; `update` is what there is to say about the last update."""
    state = load()
    state["mode"] = mode
    state["order"] = order
    if update is not None:
        state["update"] = update
    if _on_trial(state):
        give_up("asked for %s before it had reached MQTT" % mode)
    state["failures"] = 0
    save(state)
    restart()


def restart() -> None:
    """Restart on purpose: it counts as no failure."""
    if _on_trial(load()):
        give_up("restarted before it had reached MQTT")
    _memory.memory(b"")
    machine.reset()


def confirm() -> None:
    """The gateway works, WiFi and MQTT are up: what runs now is what runs from now on."""
    limit(0)
    state = load()
    known = sequence() or state["sequence"]  # a damaged slot does not know its own
    if _on_trial(state):
        state["update"] = "%s: installed" % version()
    if (
        state["trial"]
        or state["failures"]
        or state["mode"] != "gateway"
        or state["slot"] != running()
        or state["sequence"] != known
    ):
        state["slot"] = running()
        state["sequence"] = known
        state["trial"] = state["order"] = None
        state["mode"] = "gateway"
        state["failures"] = 0
        save(state)


def give_up(why: str) -> None:
    """Restart as failed; the selector goes back to the old slot if this was a trial."""
    note(why, FAILED)
    machine.reset()


def noted() -> tuple:
    """What the last run left: RUNNING, FAILED, LATE or nothing, and its note."""
    kept = _memory.memory()
    _memory.memory(b"")
    try:
        return kept[:1], kept[1:].decode().strip()
    except UnicodeError:
        return kept[:1], "?"


def _on_trial(state: dict) -> bool:
    return bool(state["trial"]) and state["trial"]["slot"] == running()


def _read(path: str) -> dict:
    try:
        with open(path) as file:
            found = json.load(file)
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        found = {}
    for name, default in _DEFAULTS.items():
        if not isinstance(found.get(name), dict if default is None else type(default)):
            found[name] = default
    if found["slot"] not in SLOTS:
        found["slot"] = ""
    if found["mode"] not in _MODES:
        found["mode"] = "gateway"
    trial = found["trial"]
    if trial and (trial.get("slot") not in SLOTS or not isinstance(trial.get("tries"), int)):
        found["trial"] = None
    return found
