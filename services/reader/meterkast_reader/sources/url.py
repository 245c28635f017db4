"""Source URLs: taken apart and checked, with the nearest right word when one is wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from urllib.parse import parse_qsl

from meterkast_runtime.errors import MeterkastError

SCHEMES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "serial": frozenset({"baud", "mode"}),
        "socket": frozenset({"timeout"}),
        "rfc2217": frozenset({"baud", "mode"}),
        "replay": frozenset({"speed", "loop"}),
        "simulator": frozenset({"gateways", "seed", "speed", "interval", "start"}),
    }
)
"""Every scheme with its options."""
EXAMPLES = (
    "/dev/ttyUSB0, serial:///dev/ttyUSB0?baud=9600, socket://host:port, rfc2217://host:port, "
    "replay:file?speed=60, simulator:nl-dsmr5"
)
_DEVICE = re.compile(r"/dev/.+|COM\d+", re.IGNORECASE)
_LARGEST_PORT = 65535


class SourceError(MeterkastError):
    """A source URL is wrong; the hint says what is right."""


@dataclass(frozen=True, slots=True)
class SourceUrl:
    """A source URL taken apart."""

    scheme: str
    target: str
    options: Mapping[str, str]

    def number(self, name: str, default: float, *, least: float = 0) -> float:
        """An option that is a number."""
        given = self.options.get(name)
        if given is None:
            return default
        try:
            value = float(given)
        except ValueError:
            value = float("nan")
        if not least <= value < float("inf"):
            raise SourceError(f"{name}={given} in the source is no number from {least:g}", hint=f"write {name}=60")
        return value

    def whole(self, name: str, default: int, *, least: int = 0) -> int:
        """An option that is a whole number."""
        value = self.number(name, default, least=least)
        if value != int(value):
            raise SourceError(f"{name}={value:g} in the source is no whole number", hint=f"write {name}={int(value)}")
        return int(value)

    def host_and_port(self) -> tuple[str, int]:
        """The target as `host:port`."""
        host, _, port = self.target.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) <= _LARGEST_PORT:
            raise SourceError(
                f"{self.target!r} is not host:port",
                hint=f"write {self.scheme}://192.168.1.10:2001, with your own address",
            )
        return host.strip("[]"), int(port)


def nearest(word: str, known: object) -> str:
    """Say which word may have been meant, or list them all."""
    names = sorted(known)  # type: ignore[call-overload]
    close = get_close_matches(word.lower(), names, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"choose from {', '.join(names)}"


def parse_url(url: str) -> SourceUrl:
    """Take a source apart; raises SourceError for an unknown scheme or option."""
    url = url.strip()
    if _DEVICE.match(url):
        url = f"serial:{url}"
    scheme, colon, rest = url.partition(":")
    scheme = scheme.lower()
    if scheme not in SCHEMES or (not colon and scheme != "simulator"):
        hint = nearest(scheme, SCHEMES) if colon else f"examples are {EXAMPLES}"
        raise SourceError(f"{url!r} is not a source", hint=hint)
    target, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in SCHEMES[scheme]:
            raise SourceError(f"a {scheme} source has no option {name!r}", hint=nearest(name, SCHEMES[scheme]))
    target = target.removeprefix("//")
    if not target and scheme != "simulator":
        raise SourceError(f"{url!r} does not say where", hint=f"examples are {EXAMPLES}")
    return SourceUrl(scheme, target, options)
