"""Chooses the slot that runs, tries a new release once and goes back where that fails; never updated over the air."""

import gc
import hashlib
import json
import sys
import time
from binascii import hexlify

import machine
import state
from mark import LATE
from micropython import const

_TRIAL_MS = const(360_000)  # gateway.py gives up after 300 s by itself, and knows better why
_PATIENCE = const(5)
_PAUSE_S = const(60)
_CAUSES = {
    0: "the power was cut",
    1: "the watchdog found it hanging",
    2: "the system crashed",
    3: "the watchdog found it hanging",
    6: "the power dipped or the reset pin was pulled",
}


def choose() -> dict:
    """Book how the last run ended, choose a slot and a mode, and return the state for its start.run()."""
    now = state.load()
    whole = _whole()
    _settle(now)
    slot, mode, within_ms = _plan(now, whole)
    if slot not in whole:
        sys.path.insert(0, "/b" if slot == "a" else "/a")  # what one damaged slot lacks the other may have
    sys.path.insert(0, "/" + slot)
    state.begin(slot, whole.get(slot))
    state.limit(within_ms)
    now["mode"] = mode
    return now


def pause() -> None:
    """Wait a minute with a double flash every second for somebody to see; a failed trial ends at once."""
    if state.load()["trial"]:
        return
    led = _led()
    for _ in range(_PAUSE_S):
        for level in (0, 1, 0, 1):
            led(level)
            time.sleep_ms(120)
        time.sleep_ms(520)


def _led() -> object:
    try:
        with open("/config.json") as file:
            return machine.Pin(json.load(file).get("led", 1), machine.Pin.OUT)
    except Exception:  # damaged settings, or none, must not keep the device from its next try
        return machine.Pin(1, machine.Pin.OUT)


def release(slot: str) -> tuple | None:
    """Version and sequence of a slot whose every file is as its manifest says, None of any other."""
    try:
        with open("/%s/manifest.json" % slot) as file:
            manifest = json.load(file)
        buffer = bytearray(256)
        view = memoryview(buffer)
        for entry in manifest["files"]:
            if _digest("/%s/%s" % (slot, entry["name"]), view) != entry["sha256"]:
                return None
        return manifest["version"], int(manifest["sequence"])
    except Exception:  # whatever is wrong with it, it is not whole
        return None


def _digest(path: str, view: memoryview) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while True:
            got = file.readinto(view)
            if not got:
                return hexlify(digest.digest()).decode()
            digest.update(view[:got])


def _whole() -> dict:
    found = {}
    for slot in state.SLOTS:
        known = release(slot)
        if known:
            found[slot] = known
        gc.collect()
    return found


def _settle(now: dict) -> None:
    """Book how the last run ended: a trial that comes here unconfirmed has failed."""
    why = _ended(*state.noted())
    trial = now["trial"]
    if trial and trial["tries"]:
        now["why"] = why or _CAUSES.get(machine.reset_cause(), "it restarted")
        _roll_back(now)
    elif why:
        now["why"] = why
        now["failures"] += 1
        if now["mode"] == "update":
            now["update"] = "?: failed: " + why
        now["mode"] = "gateway"
        now["order"] = None
        _saved(now)


def _ended(kind: bytes, text: str) -> str:
    cause = machine.reset_cause()
    if cause in (0, 6) or not kind:
        return ""
    if kind == state.FAILED:
        return text
    why = "its time was over" if kind == LATE else _CAUSES.get(cause, "it restarted by itself")
    return "%s while %s" % (why, text)


def _roll_back(now: dict) -> None:
    now["update"] = "%s: rolled back: %s" % (now["trial"].get("version", "?"), now["why"])
    now["trial"] = now["order"] = None
    now["mode"] = "gateway"
    now["failures"] = 0
    _saved(now)


def _saved(now: dict) -> bool:
    """Whether the state could be saved; what does not need it goes on without."""
    try:
        state.save(now)
    except (OSError, MemoryError):
        return False
    return True


def _plan(now: dict, whole: dict) -> tuple:
    """Slot and mode to start, and the milliseconds within which it has to be confirmed."""
    if not now["slot"]:
        now["slot"] = max(state.SLOTS, key=lambda slot: whole[slot][1] if slot in whole else -1)
    trial = now["trial"]
    if trial:
        trial["tries"] += 1
        if trial["slot"] in whole and _saved(now):
            return trial["slot"], "gateway", _TRIAL_MS
        now["why"] = "its files are not as they were sent"
        _roll_back(now)
    own = now["slot"]
    other = "b" if own == "a" else "a"
    step = now["failures"]
    if not whole or step >= _PATIENCE:
        slot, mode = ((own, now["mode"]), (other, "gateway"), (own, "portal"), (other, "portal"))[step % 4]
        if whole and slot not in whole:
            slot = own if slot == other else other
        return slot, mode, _TRIAL_MS if mode == "gateway" else 0
    if own not in whole:
        own = other
        now["why"] = "a file of slot %s is damaged" % now["slot"]
    return own, now["mode"], _TRIAL_MS if step and now["mode"] == "gateway" else 0
