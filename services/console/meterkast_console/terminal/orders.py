"""What a gateway can be told to do, by key."""

from dataclasses import dataclass

from meterkast_contracts.topics import Command


@dataclass(frozen=True, slots=True)
class Order:
    """A command, and what is asked before it is sent; an empty question asks nothing."""

    command: Command
    question: str = ""


ORDERS = {
    "F": Order(
        Command.FORGET_WIFI,
        "Make {gateway} forget its WiFi? It opens a network of its own then, and somebody has to go there.",
    ),
    "I": Order(Command.IDENTIFY),
    "P": Order(Command.PURGE_LOG, "Purge the log that {gateway} keeps?"),
    "R": Order(Command.RESTART, "Restart {gateway}?"),
    "U": Order(Command.UPDATE, "Update the firmware of {gateway}? It restarts."),
}
