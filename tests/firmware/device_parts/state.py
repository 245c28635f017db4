"""The selector's state without its flash: a file in the current folder."""

import json

import machine


def load() -> dict:
    """What was saved last."""
    try:
        with open("state.json") as file:
            return json.load(file)
    except OSError:
        return {"slot": "a", "trial": None, "mode": "gateway"}


def save(state: dict) -> None:
    """Keep it."""
    with open("state.json", "w") as file:
        file.write(json.dumps(state))


def request(mode: str, order: dict | None = None, update: str | None = None) -> None:
    """Restart in a mode."""
    del update
    state = load()
    state["mode"] = mode
    state["order"] = order
    save(state)
    machine.reset()


def restart() -> None:
    """Restart on purpose."""
    machine.reset()


def confirm() -> None:
    """The trial is good."""
    state = load()
    state["trial"] = None
    state["confirmed"] = state.get("confirmed", 0) + 1
    save(state)


def give_up(why: str) -> None:
    """The trial is not."""
    state = load()
    state["why"] = why
    save(state)
    machine.reset()


def note(text: str) -> None:
    """Nobody asks for it here."""
    del text


def running() -> str:
    """The slot."""
    return load()["slot"]


def version() -> str:
    """Of the slot that runs."""
    return "1.0.0"
