"""The selector's state without its flash: a file in the current folder."""

import json
import os
import sys

_RESTART = 75


def load() -> dict[str, object]:
    """What was saved last."""
    try:
        with open("state.json") as file:
            found: dict[str, object] = json.load(file)
            return found
    except OSError:
        return {"slot": "a", "trial": None, "mode": "gateway"}


def save(state: dict[str, object]) -> None:
    """Keep it."""
    with open("state.new", "w") as file:
        file.write(json.dumps(state))
    os.rename("state.new", "state.json")


def request(mode: str, order: dict[str, object] | None = None, update: str | None = None) -> None:
    """Restart in a mode."""
    del update
    state = load()
    state["mode"] = mode
    state["order"] = order
    save(state)
    sys.exit(_RESTART)


def restart() -> None:
    """Restart on purpose."""
    sys.exit(_RESTART)


def confirm() -> None:
    """The trial is good."""
    state = load()
    state["trial"] = None
    state["confirmed"] = int(str(state.get("confirmed", 0))) + 1
    save(state)


def give_up(why: str) -> None:
    """The trial is not."""
    state = load()
    state["why"] = why
    save(state)
    sys.exit(_RESTART)


def note(text: str) -> None:
    """Nobody asks for it here."""
    del text


def running() -> str:
    """The slot."""
    return str(load()["slot"])


def version() -> str:
    """Of the slot that runs."""
    return "1.0.0"
