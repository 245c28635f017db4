"""Orders to a gateway."""

from http import HTTPStatus
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Response
from meterkast_contracts.topics import Command

from meterkast_api import examples
from meterkast_api.access.audit import AuditLog
from meterkast_api.access.scopes import Caller, Scope, needs
from meterkast_api.answers import Forgotten, Order, json_answer, problems
from meterkast_api.commands import Commands
from meterkast_api.directory import Directory
from meterkast_api.routes.meters import JSON, GatewayPath

CommandPath = Annotated[Command, Path(description="What the gateway is to do.", examples=["restart"])]


class CommandRoutes:
    """`/api/v1/meters/{gateway}/command/{name}`."""

    def __init__(self, commands: Commands, directory: Directory, audit: AuditLog) -> None:
        self._commands = commands
        self._directory = directory
        self._audit = audit

    def router(self) -> APIRouter:
        """The route."""
        router = APIRouter(prefix="/api/v1/meters/{gateway}", tags=["control"])
        sent = json_answer(Order, examples.ORDER, "The broker has it; the gateway does it when it hears of it.", 202)
        router.add_api_route(
            "/command/{name}",
            self.command,
            methods=["POST"],
            status_code=HTTPStatus.ACCEPTED,
            responses=sent | problems(401, 403, 404, 422, 503),
        )
        told = json_answer(Forgotten, examples.FORGOTTEN, "The broker has the order; the parser carries it out.", 202)
        router.add_api_route(
            "",
            self.forget,
            methods=["DELETE"],
            status_code=HTTPStatus.ACCEPTED,
            responses=told | problems(401, 403, 404, 503),
        )
        return router

    async def forget(self, gateway: GatewayPath, caller: Annotated[Caller, needs(Scope.CONTROL)]) -> Response:
        """Forget a gateway that is no more: all that the broker retains of it, and what Home Assistant was told of it.

        Its history stays, and with it its name in the list of meters. A gateway that is still there comes back with its
        next message.
        """
        await self._directory.check(gateway)
        topic = await self._commands.send(gateway, Command.FORGET)
        await self._audit.note(caller, "gateway forgotten", gateway)
        body = {"gateway": gateway, "topic": topic, "detail": examples.FORGETTING.format(gateway=gateway)}
        return Response(orjson.dumps(body), HTTPStatus.ACCEPTED, media_type=JSON)

    async def command(
        self, gateway: GatewayPath, name: CommandPath, caller: Annotated[Caller, needs(Scope.CONTROL)]
    ) -> Response:
        """Tell a gateway to restart, show where it is, update itself, purge its log, or forget its WiFi network.

        A gateway that is away does not hear of it. `forget-wifi` lets the gateway open its own network again: somebody
        has to go there.
        """
        await self._directory.check(gateway)
        topic = await self._commands.send(gateway, name)
        await self._audit.note(caller, f"command {name} sent", gateway)
        body = {"gateway": gateway, "command": name, "topic": topic}
        return Response(orjson.dumps(body), HTTPStatus.ACCEPTED, media_type=JSON)
