"""What the gateway says of itself: DeviceInfo of the contract."""

import gc
import json

import machine

COMMANDS = ("restart", "identify", "forget-wifi", "update", "set", "forget")
_CAUSES = ("power-on", "watchdog", "exception", "watchdog", "soft", "deep-sleep", "hard")


def describe(gateway):
    """The JSON of `device`; what is unknown is absent."""
    state, wifi = gateway.state, gateway.wifi
    said = {
        "gateway": gateway.config["gateway"],
        "source": "esp01",
        "version": state.get("version") or "unknown",
        "slot": state.get("slot"),
        "reset_cause": _CAUSES[machine.reset_cause() % 7],
        "address": wifi.address(),
        "line": gateway.port.line,
        "signal_dbm": wifi.signal(),
        "uptime_s": gateway.uptime_s,
        "update": state.get("update"),
        "answer": state.get("answer"),
        "commands": COMMANDS,
        "counters": _counters(gateway),
    }
    for name in list(said):
        if said[name] is None or said[name] == "":
            del said[name]
    return json.dumps(said).encode()


def _counters(gateway):
    framer, ring = gateway.framer, gateway.ring
    return {
        "telegrams": gateway.telegrams,
        "crc_errors": framer.crc_errors,
        "damaged": framer.damaged,
        "too_long": framer.too_long,
        "thinned": gateway.thinned,
        "waiting": ring.waiting,
        "dropped": ring.dropped,
        "reconnects": max(gateway.session.sessions - 1, 0),
        "free_heap_bytes": gc.mem_free(),
    }
