"""Builds the gateway so that the heap has room for what comes and goes; loaded once."""

import gc
from struct import calcsize

import machine
import mark
from micropython import const
from rarely import load

_BUFFERS = const(5400)  # of port and framer
_REST_WORDS = const(4080)  # what stays besides, and 1,250 for what comes and goes
_MOST = const(24000)
_LEAST = const(3200)
_COME_AND_GO = (
    "state", "wifi", "greeting", "names", "listening", "about",
    "trial", "checks", "settings", "orders", "changes", "visit",
)  # fmt: skip


def gateway(config, state):
    """The gateway, listening: what needs much memory in one piece first, as long as there is one."""
    gc.threshold(1024)  # what stays lies close together, when what goes has gone before
    for name in _COME_AND_GO:
        load(name).__dict__.clear()  # the names in it stay, so they come before the pieces
        gc.collect()
    buffers = _buffers()
    for name in ("mqtt", "station", "status", "gateway"):
        __import__(name)  # one by one, so that what loading leaves behind goes before it is in the way
        gc.collect()
    from gateway import Gateway

    state["slot"] = mark.running()
    state["version"] = mark.version()
    made = Gateway(config, state, buffers)
    made.start()
    return made


def _buffers():
    """The ring, of what the others leave, the framer and the port's buffer."""
    from ring import Ring
    from telegrams import Framer

    gc.collect()
    size = gc.mem_free() - _BUFFERS - _REST_WORDS * calcsize("P")
    ring = Ring(min(max(size, _LEAST), _MOST))
    return ring, Framer(), machine.UART(0, 115200, rxbuf=2048)
