"""Orders to a gateway."""

import asyncio
from http import HTTPStatus
from typing import Annotated

import orjson
from fastapi import APIRouter, Body, Path, Request, Response
from meterkast_contracts.topics import Command

from meterkast_api import examples
from meterkast_api.access.audit import AuditLog
from meterkast_api.access.scopes import Caller, Scope, needs
from meterkast_api.answers import Forgotten, Order, OrderDetail, json_answer, problems
from meterkast_api.commands import Commands
from meterkast_api.directory import Directory
from meterkast_api.firmware.address import reached_by, update_order
from meterkast_api.firmware.shelf import Shelf
from meterkast_api.problems import ProblemError, invalid
from meterkast_api.routes.meters import JSON, GatewayPath

_MOST_SETTINGS_BYTES = 512
CommandPath = Annotated[Command, Path(description="What the gateway is to do.", examples=["restart"])]


class CommandRoutes:
    """`/api/v1/meters/{gateway}/command/{name}`."""

    def __init__(
        self, commands: Commands, directory: Directory, audit: AuditLog, firmware: Shelf, *, firmware_url: str | None
    ) -> None:
        self._commands = commands
        self._directory = directory
        self._audit = audit
        self._firmware = firmware
        self._firmware_url = firmware_url

    def router(self) -> APIRouter:
        """The route."""
        router = APIRouter(prefix="/api/v1/meters/{gateway}", tags=["control"])
        sent = json_answer(Order, examples.ORDER, "The broker has it; the gateway does it when it hears of it.", 202)
        router.add_api_route(
            "/command/{name}",
            self.command,
            methods=["POST"],
            status_code=HTTPStatus.ACCEPTED,
            responses=sent | problems(401, 403, 404, 409, 422, 503),
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
        self,
        request: Request,
        gateway: GatewayPath,
        name: CommandPath,
        caller: Annotated[Caller, needs(Scope.CONTROL)],
        detail: Annotated[OrderDetail | None, Body(description="What the order carries, if anything.")] = None,
    ) -> Response:
        """Tell a gateway to restart, show where it is, update itself, purge its log, or forget its WiFi network.

        A gateway that is away does not hear of it. `forget-wifi` lets the gateway open its own network again: somebody
        has to go there. `update` sends the address of a release, the newest where no version is named; `set` carries
        settings.
        """
        await self._directory.check(gateway)
        payload = await self._payload(request, name, detail or OrderDetail())
        topic = await self._commands.send(gateway, name, payload)
        await self._audit.note(caller, f"command {name} sent", f"{gateway} {payload.decode()}".rstrip())
        body = {"gateway": gateway, "command": name, "topic": topic}
        return Response(orjson.dumps(body), HTTPStatus.ACCEPTED, media_type=JSON)

    async def _payload(self, request: Request, name: Command, detail: OrderDetail) -> bytes:
        if detail.version is not None and name is not Command.UPDATE:
            raise invalid("version", "only update takes it")
        if (detail.settings is not None) != (name is Command.SET):
            raise invalid("settings", "set takes them, and nothing else does")
        if detail.settings is not None:
            payload = orjson.dumps(detail.settings)
            if len(payload) > _MOST_SETTINGS_BYTES:
                raise invalid("settings", f"they take {_MOST_SETTINGS_BYTES} bytes at most")
            return payload
        return await self._update(request, detail.version) if name is Command.UPDATE else b""

    async def _update(self, request: Request, version: str | None) -> bytes:
        known = [kept.manifest.version for kept in await asyncio.to_thread(self._firmware.releases)]
        if version is None and known:
            version = known[0]
        if version not in known:
            there = f"there are {', '.join(known)}" if known else "there is none yet: meterkast firmware release"
            named = f"there is no release {version}" if version else "no release is named"
            raise ProblemError(HTTPStatus.NOT_FOUND, "unknown-release", f"{named}; {there}", known=known)
        return update_order(self._firmware_url or reached_by(request), str(version))
