"""Which pages may open a WebSocket: browsers do not apply CORS to it, so that we have to."""

from collections.abc import Iterable
from urllib.parse import urlsplit

_USUAL_PORT = {"http": ":80", "https": ":443"}


class Origins:
    """Our own pages, by whatever name or proxy they are reached, and the further origins of the settings."""

    def __init__(self, further: Iterable[str] = ()) -> None:
        self._further = frozenset(origin.lower().rstrip("/") for origin in further)

    def allow(self, origin: str | None, host: str) -> bool:
        """Whether a request with these headers may be served; a program that is no browser sends no Origin."""
        if origin is None or "*" in self._further or origin.lower() in self._further:
            return True
        try:
            parts = urlsplit(origin.lower())
        except ValueError:
            return False
        usual = _USUAL_PORT.get(parts.scheme)
        return usual is not None and parts.netloc.removesuffix(usual) == host.lower().removesuffix(usual)
