"""Who can reach us, and whether that needs a password first."""

import ipaddress
from typing import Protocol

from meterkast_runtime.errors import StartError


class Reach(Protocol):
    """What the settings say about it."""

    @property
    def host(self) -> str: ...  # noqa: D102 - as in the settings

    @property
    def insecure(self) -> bool: ...  # noqa: D102 - as in the settings


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_guarded(reach: Reach, *, empty: bool) -> None:
    """Raise StartError where others can reach us and nobody could log in."""
    if empty and not reach.insecure and not is_loopback(reach.host):
        raise StartError(
            f"{reach.host} can be reached by others, and neither a password nor a token is set",
            hint="set a password by the command `meterkast password` or by METERKAST_API__PASSWORD, make a token by "
            "`meterkast token NAME`, or set insecure = true in the section [api] so that everybody may read",
        )
