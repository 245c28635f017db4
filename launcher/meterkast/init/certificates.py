"""Which certificates the folder is to hold."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from meterkast.errors import LauncherError
from meterkast.init import authority

CA, CA_KEY = "certificates/ca.pem", "certificates/ca.key"
SERVERS: Mapping[str, tuple[str, ...]] = {
    "broker": ("localhost", "mosquitto", "127.0.0.1"),
    "web": ("localhost", "proxy", "127.0.0.1"),
}
"""Each server's own names; those of the machine come beside them."""


def without_tls(found: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return empty files for what containers are given in any case."""
    paths = (f"certificates/{server}.{kind}" for server in SERVERS for kind in ("key", "pem"))
    return {path: b"" for path in paths if path not in found}


def with_tls(found: Mapping[str, bytes], hosts: Sequence[str], *, now: datetime) -> dict[str, bytes]:
    """Return what is missing, ending or without one of the hosts; keys stay; raises LauncherError."""
    try:
        return _made(found, hosts, now)
    except ValueError as error:
        raise LauncherError(
            f"what is in certificates/ cannot be used: {error}", hint="put the right file back, or move it away"
        ) from error


def _made(found: Mapping[str, bytes], hosts: Sequence[str], now: datetime) -> dict[str, bytes]:
    wanted = {server: names for server in SERVERS if (names := _names(found, server, hosts, now))}
    made: dict[str, bytes] = {}
    if found.get(CA) and not found.get(CA_KEY) and wanted:
        raise LauncherError(
            f"{CA_KEY} is not here, and {' and '.join(wanted)} need new certificates",
            hint="put it back where it was, and away again afterwards",
        )
    if not found.get(CA):
        key = made[CA_KEY] = found.get(CA_KEY) or authority.new_key()
        made[CA] = authority.new_authority(key, now=now)
    for server, names in wanted.items():
        signer = authority.load_authority(made.get(CA) or found[CA], made.get(CA_KEY) or found[CA_KEY])
        path = f"certificates/{server}"
        key = made[f"{path}.key"] = found.get(f"{path}.key") or authority.new_key()
        made[f"{path}.pem"] = authority.new_certificate(signer, key, names, now=now)
    return {path: content for path, content in made.items() if found.get(path) != content}


def _names(found: Mapping[str, bytes], server: str, hosts: Sequence[str], now: datetime) -> tuple[str, ...]:
    """The names that a new certificate is to have; empty where the one that is there serves."""
    own = (*SERVERS[server], *hosts)
    certificate, key = found.get(f"certificates/{server}.pem"), found.get(f"certificates/{server}.key")
    if not certificate or not key:
        return _once(own)
    if not (found.get(CA) and authority.is_of(certificate, found[CA])):
        return ()
    there = authority.names_of(certificate)
    serves = set(own) <= set(there) and authority.fits_key(certificate, key)
    return () if serves and not authority.is_ending(certificate, now=now) else _once((*own, *there))


def _once(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
