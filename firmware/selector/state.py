"""What outlives a reset: /state.json in flash, and a note in the RTC's memory that only a power cut clears."""

import json
import os

import machine

PATH = "/state.json"
COPY = "/state.copy"
NEW = "/state.new"
SLOTS = ("a", "b")
MODES = ("gateway", "portal", "update")

RUNNING = b"R"  # still there at the next boot: the application ended by itself
FAILED = b"F"  # the note says why it ended
LATE = b"L"  # the trial's time was over

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
_mark = bytearray(101)
_now = {"slot": "", "version": "?", "sequence": 0, "deadline": None, "confirmed": False}


def load() -> dict:
    """The state, each field of its type; without a readable file the last good copy less its trial and its order."""
    state = _read(PATH)
    if not state["slot"]:
        state = _read(COPY)
        state["trial"] = state["order"] = None
        state["mode"] = "gateway"
    return state


def save(state: dict) -> None:
    """Write the state and its copy, each to a new name that then takes the old one's place."""
    text = json.dumps(state)
    for path in (PATH, COPY):
        with open(NEW, "w") as file:
            file.write(text)
        os.rename(NEW, path)


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
    if _now["confirmed"]:
        return
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
    _now["confirmed"] = True


def give_up(why: str) -> None:
    """Restart as failed; the selector goes back to the old slot if this was a trial."""
    note(why, FAILED)
    machine.reset()


def note(text: str, kind: bytes = RUNNING) -> None:
    """Keep what is being done where a reset leaves it (100 letters of ASCII), for the reason of a failure."""
    text = text.encode()
    for i in range(100):
        letter = text[i] if i < len(text) else 32
        _mark[i + 1] = letter if 31 < letter < 127 else 63
    _mark[0] = kind[0]
    _memory.memory(_mark)


def noted() -> tuple:
    """What the last run left: RUNNING, FAILED, LATE or nothing, and its note."""
    kept = _memory.memory()
    _memory.memory(b"")
    try:
        return kept[:1], kept[1:].decode().strip()
    except UnicodeError:
        return kept[:1], "?"


def running() -> str:
    """The slot that runs."""
    return _now["slot"]


def version() -> str:
    """The version of what runs, "?" if its slot is damaged."""
    return _now["version"]


def sequence() -> int:
    """The place of what runs in the order of releases, 0 if its slot is damaged."""
    return _now["sequence"]


def begin(slot: str, release: tuple | None) -> None:
    """Remember what runs: the slot, and the version and sequence of its release."""
    _now["slot"] = slot
    _now["version"], _now["sequence"] = release or ("?", 0)
    note("starting")


def limit(within_ms: int) -> None:
    """Reset when this time has passed, in an interrupt; 0 lifts the limit."""
    if _now["deadline"]:
        _now["deadline"].deinit()
        _now["deadline"] = None
    if within_ms:
        _now["deadline"] = machine.Timer(-1)
        _now["deadline"].init(period=within_ms, mode=machine.Timer.ONE_SHOT, callback=_late, hard=True)


def _on_trial(state: dict) -> bool:
    return bool(state["trial"]) and state["trial"]["slot"] == running()


def _late(_timer: object) -> None:  # in an interrupt: nothing may be allocated
    _mark[0] = 76
    _memory.memory(_mark)
    machine.reset()


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
    if found["mode"] not in MODES:
        found["mode"] = "gateway"
    trial = found["trial"]
    if trial and (trial.get("slot") not in SLOTS or not isinstance(trial.get("tries"), int)):
        found["trial"] = None
    return found
