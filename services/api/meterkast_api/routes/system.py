"""How Meterkast itself does: services, health, metrics; and the catalogue of values."""

import asyncio
import hashlib
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Request, Response
from meterkast_contracts.catalogue import CATALOGUE, Entry
from meterkast_contracts.messages import HealthStatus, ServiceHealth
from meterkast_runtime.health import Health
from meterkast_runtime.metrics import REGISTRY
from meterkast_store.errors import StoreError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from meterkast_api import answers, examples
from meterkast_api.access.scopes import OPEN, Scope, caller_of
from meterkast_api.answers import json_answer
from meterkast_api.history import HistoryReader
from meterkast_api.intake import Services
from meterkast_api.routes.meters import JSON

STORE_WITHIN_S = 2.0


class SystemRoutes:
    """`/health`, `/metrics`, `/api/v1/services`, `/api/v1/catalogue`."""

    def __init__(self, services: Services, health: Health, store: HistoryReader) -> None:
        self._services = services
        self._health = health
        self._store = store
        self._catalogue = catalogue_json()
        self._tag = f'"{hashlib.sha256(self._catalogue).hexdigest()[:16]}"'

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["system"])
        add = router.add_api_route
        add(
            "/api/v1/catalogue",
            self.catalogue,
            responses=json_answer(
                list[answers.CatalogueEntry], examples.CATALOGUE, "Every value that a reading can hold."
            )
            | {304: {"description": "Not changed since the ETag given."}},
        )
        add(
            "/api/v1/services",
            self.services,
            responses=json_answer(list[ServiceHealth], examples.SERVICES, "Health of every service."),
        )
        health = json_answer(answers.Health, examples.HEALTH, "All is well.")
        ill = {**examples.HEALTH, "status": "degraded", "checks": {"mqtt": "disconnected", "history": "ok"}}
        health[503] = {
            "model": answers.Health,
            "description": "A part is away.",
            "content": {JSON: {"example": ill}},
        }
        add("/health", self.health, openapi_extra=OPEN, responses=health)
        text = {"text/plain": {"schema": {"type": "string"}, "example": "meterkast_api_streams 2.0\n"}}
        add(
            "/metrics",
            self.metrics,
            response_class=Response,
            responses={200: {"description": "Metrics for Prometheus.", "content": text}},
        )
        return router

    async def catalogue(self, if_none_match: Annotated[str | None, Header()] = None) -> Response:
        """List names, units, labels and codes of every value."""
        headers = {"ETag": self._tag, "Cache-Control": "no-cache"}
        if if_none_match == self._tag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(self._catalogue, headers=headers, media_type=JSON)

    async def services(self) -> Response:
        """List the services with their health, as they publish it."""
        return Response(self._services.json(), media_type=JSON)

    async def health(self, request: Request) -> Response:
        """Say whether the broker is connected and history can be read; without a login the status alone."""
        await self._check_store()
        message = self._health.message()
        body: dict[str, Any] = {"status": message.status}
        if Scope.READ in caller_of(request).scopes:
            body |= {"version": message.version, "checks": message.checks}
            body |= {"detail": message.detail} if message.detail else {}
        well = message.status is HealthStatus.OK
        status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        return Response(orjson.dumps(body), status, media_type=JSON)

    async def metrics(self) -> Response:
        """Give the metrics of this process in Prometheus' text format."""
        return Response(await asyncio.to_thread(generate_latest, REGISTRY), media_type=CONTENT_TYPE_LATEST)

    async def _check_store(self) -> None:
        try:
            async with asyncio.timeout(STORE_WITHIN_S):
                await self._store.meters()
        except (StoreError, TimeoutError) as error:
            self._health.set("history", "unavailable")
            self._health.degraded(str(error) or f"history did not answer in {STORE_WITHIN_S:g} s", part="history")
        else:
            self._health.set("history", "ok")
            self._health.ok(part="history")


def catalogue_json() -> bytes:
    """The catalogue, one object per name, with the codes of all its rows."""
    rows: dict[str, list[Entry]] = {}
    for entry in CATALOGUE:
        rows.setdefault(entry.name, []).append(entry)
    return orjson.dumps(
        [
            {
                "name": name,
                "unit": entries[0].unit,
                "quantity": entries[0].quantity,
                "kind": entries[0].kind,
                "decimals": entries[0].decimals,
                "label": {"en": entries[0].label_en, "nl": entries[0].label_nl},
                "codes": list(dict.fromkeys(code for entry in entries for code in entry.codes)),
                "standard": entries[0].standard,
                "kept": any(entry.kept for entry in entries),
            }
            for name, entries in rows.items()
        ]
    )
