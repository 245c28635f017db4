"""Who can reach us, and whether that needs a password first."""

from meterkast_runtime.addresses import is_loopback
from meterkast_runtime.errors import StartError


def check_guarded(host: str, *, insecure: bool, empty: bool) -> None:
    """Raise StartError where others can reach us and nobody could log in."""
    if empty and not insecure and not is_loopback(host):
        raise StartError(
            f"{host} can be reached by others, and neither a password nor a token is set",
            hint="set a password by the command `meterkast password` or by METERKAST_API__PASSWORD, make a token by "
            "`meterkast token NAME`, or set insecure = true in the section [api] so that everybody may read",
        )
