"""By which address gateways reach us: plain HTTP, since an ESP8266 can do no other; the signature protects."""

import ipaddress
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import Request

from meterkast_api.problems import ProblemError


def release_url(request: Request, version: str, base: str | None) -> str:
    """The URL of a release's files, below `base` or else below the address that this request came by."""
    if base is None:
        base = f"http://{request.headers['host']}{request.scope.get('root_path', '')}"
        _check(request, base)
    return f"{base.rstrip('/')}/api/v1/firmware/{version}/"


def _check(request: Request, base: str) -> None:
    host = urlsplit(base).hostname or ""
    if request.url.scheme == "https":
        raise _unreachable("gateways fetch by plain HTTP, and this request came by HTTPS")
    if host == "localhost" or _loopback(host):
        raise _unreachable(f"at {host} no gateway reaches us: ask by this computer's address (meterkast up --lan)")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unreachable(sentence: str) -> ProblemError:
    hint = "or set firmware_url in the section [api], e.g. http://192.168.1.10:8080"
    return ProblemError(HTTPStatus.CONFLICT, "no-firmware-url", f"{sentence}, {hint}")
