"""Whether a browser's request comes from our own page: what another page could make it send changes nothing."""

from collections.abc import Collection
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from meterkast_api.problems import ProblemError

OURS = frozenset({"same-origin", "none"})
FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
"""What any page may send to any other without asking (Fetch standard, CORS-safelisted request headers)."""
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def cross_origin(headers: Headers, allowed: Collection[str]) -> ProblemError | None:
    """The refusal of a request that another page may have caused, or None; programs send neither header."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin in allowed:
        return None
    if site is not None:
        foreign = site not in OURS
    else:
        foreign = origin is not None and not _same(origin, headers.get("host", ""))
    if not foreign:
        return None
    return _refusal(
        f"this comes from {origin or 'another page'}, not from our own page: if that is right, add the origin to "
        "allowed_origins in the section [api], or let the proxy before us pass the Host header on"
    )


def form_type(headers: Headers) -> ProblemError | None:
    """The refusal of content as a form sends it, or None."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in FORM_TYPES:
        return None
    return _refusal(
        f"{kind} can be sent by any page: send application/json, text/csv or application/octet-stream, or use a token"
    )


def _same(origin: str, host: str) -> bool:
    try:
        theirs = urlsplit(origin)
        ours = urlsplit(f"{theirs.scheme}://{host}")
        port = _PORTS.get(theirs.scheme)
        return bool(theirs.hostname) and (theirs.hostname, theirs.port or port) == (ours.hostname, ours.port or port)
    except ValueError:
        return False


def _refusal(sentence: str) -> ProblemError:
    return ProblemError(HTTPStatus.FORBIDDEN, "cross-origin", sentence)
