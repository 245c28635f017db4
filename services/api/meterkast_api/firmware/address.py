"""By which address gateways reach us: plain HTTP, since an ESP8266 can do no other; the signature protects."""

import ipaddress
from http import HTTPStatus
from urllib.parse import urlsplit

import orjson
from fastapi import Request

from meterkast_api.problems import ProblemError


def update_order(base: str, version: str) -> bytes:
    """What the order `update` carries: the URL of a release's files below an address of ours, and its version."""
    return orjson.dumps({"url": f"{base.rstrip('/')}/api/v1/firmware/{version}/", "version": version})


def reached_by(request: Request) -> str:
    """The address that a request came by; raise ProblemError (409) where no gateway would reach us by it."""
    base = f"http://{request.headers['host']}{request.scope.get('root_path', '')}"
    _check(request, base)
    return base


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
