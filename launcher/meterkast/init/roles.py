"""Who may do what on the broker: one row for each role, and the lines of Mosquitto's ACL that follow from it.

`{prefix}` is the setting of that name, `{name}` the gateway's, or `+` for all of them. Mosquitto checks each message
against these lines, last wills and those of shared subscriptions too: `$share/parser/dsmr/+/telegram` needs to read
`dsmr/+/telegram`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

Rights = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Role:
    """What a user may read and write."""

    read: Rights = ()
    write: Rights = ()

    def lines(self, *, prefix: str, name: str = "+") -> tuple[str, ...]:
        """The ACL's lines below `user …`."""
        rights = (*(f"topic read {topic}" for topic in self.read), *(f"topic write {topic}" for topic in self.write))
        return tuple(line.format(prefix=prefix, name=name) for line in rights)


EVERYTHING = ("{prefix}/#", "meterkast/#", "homeassistant/#")

GATEWAY = Role(
    read=("{prefix}/{name}/command/#",),
    write=(
        "{prefix}/{name}/telegram",
        "{prefix}/{name}/telegram/+",
        "{prefix}/{name}/status",
        "{prefix}/{name}/device",
    ),
)
SERVED = Role(read=(*GATEWAY.read, "{prefix}/{name}/device"), write=GATEWAY.write)
"""A gateway whose port the reader reads; the reader looks at what it said last, to see whether the broker remembers."""
COMPATIBLE = ("dsmr/reading/#", "dsmr/consumption/#", "dsmr/day-consumption/#", "dsmr/meter-stats/#", "DSMR-API/#")
"""Topics for programs that know DSMR-reader or a DSMR logger, where these publishers are switched on."""
PROGRAM = Role(
    read=(
        *GATEWAY.write,
        *("{prefix}/{name}/" + kind for kind in ("reading", "obis/#", "value/#", "rejected", "event")),
        "homeassistant/#",
        *COMPATIBLE,
        "meterkast/+/+/status",
    )
)
"""Whoever is no part of Meterkast reads what is published of every gateway, and no orders."""

ROLES: Mapping[str, Role] = {
    "reader": Role(write=("meterkast/reader/+/status",)),
    "parser": Role(
        read=EVERYTHING,
        write=(
            "{prefix}/+/reading",
            "{prefix}/+/obis/#",
            "{prefix}/+/value/#",
            "{prefix}/+/rejected",
            "{prefix}/+/event",
            "{prefix}/+/status",  # cleared when a gateway is forgotten
            "{prefix}/+/device",
            "homeassistant/#",
            *COMPATIBLE,
            "meterkast/parser/+/status",
        ),
    ),
    "history": Role(read=EVERYTHING, write=("{prefix}/+/event", "meterkast/history/+/status")),
    "api": Role(read=EVERYTHING, write=("{prefix}/+/command/#", "meterkast/api/+/status")),
    "console": Role(read=EVERYTHING, write=("{prefix}/+/command/#", "meterkast/console/+/status")),
    "homeassistant": Role(read=PROGRAM.read, write=("homeassistant/status",)),
    "health": Role(read=("$SYS/broker/uptime",)),
}

_HEAD = """\
# Who may do what on the broker. `meterkast init` adds what is missing and leaves other lines as they are, so
# users of your own may stand here too. Mosquitto reads this file when it starts.
"""


def wanted_rights(
    *, prefix: str, served: Iterable[str], gateways: Iterable[str], programs: Iterable[str]
) -> dict[str, Rights]:
    """Return each user's lines; `served` are the gateways whose port the reader reads."""
    found = {name: role.lines(prefix=prefix) for name, role in ROLES.items()}
    found["reader"] += tuple(line for name in served for line in SERVED.lines(prefix=prefix, name=name))
    found |= {name: GATEWAY.lines(prefix=prefix, name=name) for name in gateways}
    return found | {name: PROGRAM.lines(prefix=prefix) for name in programs}


def merged(text: str, wanted: Mapping[str, Rights], *, without: Collection[str] = ()) -> str:
    """Return the ACL with every wanted line; what is missing stands at the end of its user's, all else as it was."""
    sections = _sections(text or _HEAD)
    complete = all(set(lines) <= set(sections.get(name, ())) for name, lines in wanted.items())
    if complete and not sections.keys() & set(without):
        return text
    for name in without:
        sections.pop(name, None)
    for name, lines in wanted.items():
        section = sections.setdefault(name, [f"user {name}"])
        section += [line for line in lines if line not in section]
    return "\n\n".join("\n".join(lines) for lines in sections.values()) + "\n"


def users(text: str) -> frozenset[str]:
    """Names of all users of the ACL."""
    return frozenset(_sections(text)) - {""}


def _sections(text: str) -> dict[str, list[str]]:
    """Lines by user, without the blank ones around; those before the first user under an empty name."""
    sections: dict[str, list[str]] = {}
    lines: list[str] = sections.setdefault("", [])
    for line in text.split("\n"):
        if line.startswith("user "):
            lines = sections.setdefault(line.removeprefix("user ").strip(), [])
            if lines:
                continue
        lines.append(line)
    return {name: kept for name, lines in sections.items() if (kept := _trimmed(lines))}


def _trimmed(lines: list[str]) -> list[str]:
    return text.split("\n") if (text := "\n".join(lines).strip("\n")) else []
