"""What a gateway can be told to do, by key."""

from dataclasses import dataclass

from meterkast_contracts.topics import Command


@dataclass(frozen=True, slots=True)
class Order:
    """A command, and the question before it is sent; nothing is asked where there is none."""

    command: Command
    question: str = ""


ORDERS = {
    "F": Order(Command.FORGET_WIFI, "{gateway} forgets its WiFi, and somebody has to go there: sure? y/n"),
    "I": Order(Command.IDENTIFY),
    "P": Order(Command.PURGE_LOG, "{gateway} purges its log: sure? y/n"),
    "R": Order(Command.RESTART, "{gateway} restarts: sure? y/n"),
    "U": Order(Command.UPDATE, "{gateway} updates its firmware and restarts: sure? y/n"),
}
