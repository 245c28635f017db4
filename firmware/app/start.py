"""Where a slot begins: the gateway, or alone in memory the portal or the updater."""

import gc

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
    buffers = _buffers()
    for name in (
        "mqtt",
        "wifi",
        "gateway",
    ):  # one by one, so that what loading leaves behind goes before it is in the way
        __import__(name)
        gc.collect()
    import gateway

    gateway.run(state, config, *buffers)


def _buffers():
    """What needs much memory in one piece, as long as there is one."""
    import machine
    from telegrams import Framer

    gc.collect()
    return Framer(), machine.UART(0, 115200, rxbuf=2048)
