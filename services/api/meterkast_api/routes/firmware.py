"""Releases of the gateways' firmware: listed, taken in, and served to the gateways."""

import asyncio
from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response
from meterkast_contracts.firmware import FILE_PATTERN, MANIFEST, SIGNATURE, VERSION_PATTERN

from meterkast_api.access.audit import AuditLog
from meterkast_api.access.scopes import OPEN, Caller, Scope, needs
from meterkast_api.answers import json_answer, problems
from meterkast_api.assets import REVALIDATED
from meterkast_api.firmware.answers import EXAMPLE, FirmwareRelease, release_json
from meterkast_api.firmware.release import MOST_TAR_BYTES, Release, ReleaseError, public_key
from meterkast_api.firmware.shelf import ReleaseExistsError, Shelf
from meterkast_api.problems import ProblemError
from meterkast_api.routes.meters import JSON
from meterkast_api.tags import matches, tag_of

_BYTES = "application/octet-stream"

VersionPath = Annotated[
    str, Path(pattern=f"^{VERSION_PATTERN}$", description="The release's version.", examples=["1.2.0"])
]
FilePathName = Annotated[
    str,
    Path(
        alias="file",
        pattern=rf"^({MANIFEST}|{SIGNATURE}|{FILE_PATTERN})$",
        description=f"{MANIFEST}, {SIGNATURE}, or a file of the manifest.",
        examples=[MANIFEST],
    ),
]


class FirmwareRoutes:
    """`/api/v1/firmware`: files are open to whoever asks, since gateways cannot log in and the signature protects."""

    def __init__(self, shelf: Shelf, audit: AuditLog, *, key_file: FilePath | None) -> None:
        self._shelf = shelf
        self._audit = audit
        self._key_file = key_file

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v1/firmware", tags=["firmware"])
        add = router.add_api_route
        listed = json_answer(list[FirmwareRelease], [EXAMPLE], "Every release, the newest first.")
        add("", self.releases, responses=listed)
        shape = {"schema": {"type": "string", "format": "binary"}, "example": "M\u0006\u0000\u001f"}
        binary = {_BYTES: shape}
        tag = {"ETag": {"description": "To be sent as If-None-Match when asking again.", "schema": {"type": "string"}}}
        served = {200: {"description": "The file.", "content": binary, "headers": tag}}
        unchanged: dict[int | str, dict[str, Any]] = {304: {"description": "Not changed since the ETag given."}}
        add(
            "/{version}/{file}",
            self.file,
            response_class=Response,
            openapi_extra=OPEN,
            responses=served | unchanged | problems(404, 422),
        )
        body = {"content": {_BYTES: {"schema": {"type": "string", "format": "binary"}}}}
        taken = json_answer(FirmwareRelease, EXAMPLE, "It was there already, the very same.")
        taken |= json_answer(FirmwareRelease, EXAMPLE, "It is served from now on.", HTTPStatus.CREATED)
        add(
            "/{version}",
            self.put,
            methods=["PUT"],
            responses=taken | problems(401, 403, 409, 413, 422),
            openapi_extra={"requestBody": {"required": True, **body}},
        )
        add(
            "/{version}",
            self.remove,
            methods=["DELETE"],
            status_code=HTTPStatus.NO_CONTENT,
            responses={204: {"description": "It is gone."}, **problems(401, 403, 404, 422)},
        )
        return router

    async def releases(self) -> Response:
        """List the releases that gateways can be updated to."""
        found = await asyncio.to_thread(self._shelf.releases)
        return Response(orjson.dumps([release_json(kept) for kept in found], option=orjson.OPT_UTC_Z), media_type=JSON)

    async def file(self, request: Request, version: VersionPath, name: FilePathName) -> Response:
        """Give one file of a release, without a login: it holds no secret, and gateways check its signature."""
        data = await asyncio.to_thread(self._shelf.file, version, name)
        if data is None:
            raise _missing(f"no file {name} of a release {version}")
        headers = {"ETag": tag_of(data), "Cache-Control": REVALIDATED}
        if matches(request.headers.get("if-none-match"), headers["ETag"]):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(data, headers=headers, media_type=JSON if name == MANIFEST else _BYTES)

    async def put(
        self, request: Request, version: VersionPath, caller: Annotated[Caller, needs(Scope.CONTROL)]
    ) -> Response:
        """Take a release in: the body is a tar archive of its folder, manifest and signature among its files.

        It is checked as a gateway checks it, against `[api] firmware_key` where that is set. What gateways may have
        heard of is never changed: another release under the same version is refused.
        """
        archive = await _body(request)
        try:
            release = await asyncio.to_thread(self._checked, archive)
        except ReleaseError as error:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "no-release", str(error)) from error
        if release.manifest.version != version:
            sentence = f"the archive holds release {release.manifest.version}, not {version}"
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "no-release", sentence)
        try:
            new = await asyncio.to_thread(self._shelf.put, release)
        except ReleaseExistsError as error:
            raise ProblemError(HTTPStatus.CONFLICT, "release-exists", str(error)) from error
        if new:
            await self._audit.note(caller, "firmware release added", version)
        kept = await asyncio.to_thread(self._shelf.get, version)
        assert kept is not None  # noqa: S101 - it was put there by us
        status = HTTPStatus.CREATED if new else HTTPStatus.OK
        return Response(orjson.dumps(release_json(kept), option=orjson.OPT_UTC_Z), status, media_type=JSON)

    async def remove(self, version: VersionPath, caller: Annotated[Caller, needs(Scope.CONTROL)]) -> Response:
        """Serve a release no longer; a gateway that is taking it keeps what it runs."""
        if not await asyncio.to_thread(self._shelf.remove, version):
            raise _missing(f"no release {version}")
        await self._audit.note(caller, "firmware release removed", version)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    def _checked(self, archive: bytes) -> Release:
        release = Release.of_tar(archive)
        if self._key_file is not None:
            release.check_signature(public_key(self._key_file))
        return release


def _missing(what: str) -> ProblemError:
    return ProblemError(HTTPStatus.NOT_FOUND, "unknown-release", f"there is {what}: /api/v1/firmware lists them")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > 2 * MOST_TAR_BYTES:
            break
    if len(body) > MOST_TAR_BYTES:
        sentence = f"a release is smaller than {MOST_TAR_BYTES >> 10} KB"
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", sentence, headers={"Connection": "close"})
    return bytes(body)
