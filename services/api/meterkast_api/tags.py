"""ETags of answers: who asks again for what has not changed is told so, without the body."""

from hashlib import blake2b
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEDIA_TYPES = ("application/json", "text/plain")
_OK = 200


class Tags:
    """Tags every whole answer to a GET that has no tag of its own, by its content; streams pass untouched.

    The tag is weak, since the same content may be sent compressed or not.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match")
        start: Message | None = None

        async def tagged(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _taggable(message):
                start = {**message, "headers": list(message["headers"])}
                return
            if start is not None:
                message = _finished(start, message, known)
                await send(start)
                start = None
            await send(message)

        await self._app(scope, receive, tagged)


def _taggable(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    media_type = headers.get("content-type", "").partition(";")[0]
    return start["status"] == _OK and media_type in MEDIA_TYPES and "etag" not in headers


def _finished(start: Message, body: Message, known: str | None) -> Message:
    """Put the tag on the answer, and return its body, an empty one where the client has it."""
    if body.get("more_body"):
        return body
    tag = f"W/{tag_of(body.get('body', b''))}"
    headers = MutableHeaders(raw=start["headers"])
    headers["etag"] = tag
    if not matches(known, tag):
        return body
    start["status"] = HTTPStatus.NOT_MODIFIED
    del headers["content-length"]
    del headers["content-type"]
    return {**body, "body": b""}


def tag_of(body: bytes) -> str:
    """The ETag of some content."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def matches(known: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names the tag, by the weak comparison (RFC 9110, §13.1.2)."""
    if known is None:
        return False
    return known.strip() == "*" or tag.removeprefix("W/") in (
        one.strip().removeprefix("W/") for one in known.split(",")
    )
