"""Files of the web page, kept in memory with their compressed form, and read again when they have changed."""

import gzip
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request, Response

from meterkast_api.tags import matches, tag_of

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATED = "no-cache"
_HASHED = re.compile(r".*[.-][A-Za-z0-9_-]{8}\.[a-z0-9]+(?:\.[a-z0-9]+)?")
_COMPRESSIBLE = re.compile(r"text/.*|application/(javascript|json|manifest\+json)|image/svg\+xml")
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}
_WORTH_COMPRESSING = 1000


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, ready to be sent."""

    version: tuple[int, int]
    body: bytes
    compressed: bytes | None
    media_type: str
    tag: str

    def response(self, request: Request, cache_control: str) -> Response:
        """Answer a request, by 304 where the client has it."""
        headers = {"ETag": self.tag, "Cache-Control": cache_control, "Vary": "Accept-Encoding"}
        if matches(request.headers.get("if-none-match"), self.tag):
            return Response(status_code=304, headers=headers)
        if self.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                self.compressed, headers={**headers, "Content-Encoding": "gzip"}, media_type=self.media_type
            )
        return Response(self.body, headers=headers, media_type=self.media_type)


class AssetFolder:
    """The files under a folder; nothing outside it can be reached."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._read: dict[str, Asset] = {}

    def get(self, path: str) -> Asset | None:
        """Return the file of this relative path, None where there is none."""
        file = (self._folder / path).resolve() if "\0" not in path else self._folder
        if not file.is_relative_to(self._folder) or not file.is_file():
            return None
        stat = file.stat()
        version = (stat.st_mtime_ns, stat.st_size)
        asset = self._read.get(path)
        if asset is None or asset.version != version:
            asset = self._read[path] = _load(file, version)
        return asset


def cache_control(path: str) -> str:
    """How long a browser may keep a file: for ever where its name holds a hash of its content."""
    return IMMUTABLE if path.startswith("assets/") and _HASHED.fullmatch(path) else REVALIDATED


def _load(file: Path, version: tuple[int, int]) -> Asset:
    body = file.read_bytes()
    media_type = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    worth = len(body) >= _WORTH_COMPRESSING and _COMPRESSIBLE.fullmatch(media_type)
    return Asset(
        version,
        body,
        gzip.compress(body, mtime=0) if worth else None,
        media_type,
        tag_of(body),
    )
