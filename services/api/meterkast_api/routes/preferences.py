"""What people prefer."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from meterkast_api import examples
from meterkast_api.access.audit import AuditLog
from meterkast_api.access.scopes import Caller, Scope, needs
from meterkast_api.answers import json_answer, problems
from meterkast_api.home import Home, Preferences
from meterkast_api.kept import document_json
from meterkast_api.routes.meters import JSON

IfMatch = Annotated[str | None, Header(description="The ETag of what was read before; 412 where it has changed since.")]
ETAG = {"ETag": {"description": "For `If-Match` of a PUT.", "schema": {"type": "string"}}}


class PreferencesRoutes:
    """`/api/v1/preferences`."""

    def __init__(self, home: Home, audit: AuditLog) -> None:
        self._home = home
        self._audit = audit

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["settings"])
        answer = json_answer(Preferences, examples.PREFERENCES, "What holds now.")
        answer[200]["headers"] = ETAG
        path = "/api/v1/preferences"
        router.add_api_route(path, self.preferences, responses=answer)
        router.add_api_route(
            path,
            self.put_preferences,
            methods=["PUT"],
            responses=answer | problems(401, 403, 412, 422),
            openapi_extra={"requestBody": {"content": {JSON: {"example": examples.PREFERENCES}}}},
        )
        return router

    async def preferences(self) -> Response:
        """Give language, theme and time zone."""
        return self._answer()

    async def put_preferences(
        self, preferences: Preferences, caller: Annotated[Caller, needs(Scope.CONTROL)], if_match: IfMatch = None
    ) -> Response:
        """Set language, theme and time zone; what is left out is as the settings have it again."""
        await self._home.kept.put(preferences, if_match)
        await self._audit.note(caller, "preferences changed", document_json(preferences).decode())
        return self._answer()

    def _answer(self) -> Response:
        return Response(document_json(self._home.preferences), headers={"ETag": self._home.kept.tag}, media_type=JSON)
