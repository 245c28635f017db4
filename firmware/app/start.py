"""Where a slot begins: the gateway, or alone in memory the portal or the updater."""

import sys

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
    del sys.modules["start"]
    load("trial").leave(None)
    load("room").gateway(config, state).run()
