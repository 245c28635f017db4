"""Where a slot begins: the gateway, or alone in memory the portal or the updater."""

import gc
import sys

import mark
from rarely import load


def run(state):
    """Run what the state's mode asks for; it ends in a restart."""
    mode = state.get("mode")
    if mode == "update":
        import update

        update.run(state)
    config = load("settings").load()
    if mode == "portal" or "wifi" not in config or "broker" not in config:
        import portal

        portal.run(state)
    gc.threshold(1024)  # what stays lies close together, when what goes has gone before
    _gateway(config, state).run()


def _gateway(config, state):
    """The gateway, in an own function: what is on its stack it would hold for ever."""
    buffers = _buffers()
    load("trial").leave(None)
    state["slot"] = mark.running()
    state["version"] = mark.version()
    del sys.modules["start"]
    for name in ("mqtt", "station", "status"):
        __import__(name)  # one by one, so that what loading leaves behind goes before it is in the way
        gc.collect()
    from gateway import Gateway

    gateway = Gateway(config, state, buffers)
    gateway.start()
    return gateway


def _buffers():
    """What needs much memory in one piece, as long as there is one."""
    import machine
    from telegrams import Framer

    ring = load("room").ring()
    gc.collect()
    return ring, Framer(), machine.UART(0, 115200, rxbuf=2048)
