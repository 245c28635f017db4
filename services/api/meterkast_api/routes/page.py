"""The web page and the documentation, from files of this package: nothing is loaded from elsewhere."""

import importlib.resources
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response

from meterkast_api.access.scopes import OPEN
from meterkast_api.assets import REVALIDATED, AssetFolder, cache_control
from meterkast_api.guard import CONTENT_SECURITY_POLICY
from meterkast_api.problems import EVERY_PATH

PACKAGE = Path(str(importlib.resources.files("meterkast_api")))
STATIC = PACKAGE / "static"
NOT_BUILT = "The web page has not been built yet: run `make web`, then load this page again.\n"
DOCS_POLICY = CONTENT_SECURITY_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


class PageRoutes:
    """`/` and its files, `/docs` and its files."""

    def __init__(self, static: Path = STATIC) -> None:
        self._static = AssetFolder(static)
        self._docs = AssetFolder(PACKAGE / "docs")
        self._swagger = AssetFolder(_swagger_folder())

    def router(self) -> APIRouter:
        """The routes; the page's files come last, since their pattern takes every path."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/", self.index, openapi_extra=OPEN)
        router.add_api_route("/docs", self.docs)
        router.add_api_route("/docs/{path:path}", self.docs_file)
        router.add_api_route(EVERY_PATH, self.file, openapi_extra=OPEN)
        return router

    async def index(self, request: Request) -> Response:
        """Give the page."""
        asset = self._static.get("index.html")
        if asset is None:
            return Response(NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE, media_type="text/plain; charset=utf-8")
        return asset.response(request, REVALIDATED)

    async def file(self, request: Request, path: str) -> Response:
        """Give a file of the page."""
        asset = self._static.get(path)
        if asset is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return asset.response(request, cache_control(path))

    async def docs(self, request: Request) -> Response:
        """Give the documentation's page."""
        return await self.docs_file(request, "index.html")

    async def docs_file(self, request: Request, path: str) -> Response:
        """Give a file of the documentation: ours, or one of Swagger UI."""
        asset = self._docs.get(path) or self._swagger.get(path)
        if asset is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        response = asset.response(request, REVALIDATED)
        response.headers["Content-Security-Policy"] = DOCS_POLICY
        return response


def _swagger_folder() -> Path:
    spec = find_spec("fastapi_swagger")
    assert spec is not None  # noqa: S101 - a declared dependency
    assert spec.origin is not None  # noqa: S101 - a package of files
    return Path(spec.origin).parent / "resources"
