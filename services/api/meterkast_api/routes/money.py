"""Contracts and market prices."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response

from meterkast_api.access.audit import AuditLog
from meterkast_api.access.scopes import Caller, Scope, needs
from meterkast_api.answers import json_answer, problems
from meterkast_api.kept import number
from meterkast_api.moments import midnight
from meterkast_api.money import examples
from meterkast_api.money.answers import PriceList, PricesTaken
from meterkast_api.money.contracts import Contracts
from meterkast_api.money.market import Price
from meterkast_api.money.money import Money
from meterkast_api.money.price_csv import PriceFileError, read_prices
from meterkast_api.money.prices import Outcome
from meterkast_api.problems import ProblemError, invalid
from meterkast_api.routes.meters import JSON
from meterkast_api.routes.preferences import ETAG, IfMatch
from meterkast_api.spans import SpanQuery, Spans

CSV = "text/csv"
LARGEST_FILE = 16_000_000
MOST_DAYS = 366
DryRun = Annotated[bool, Query(description="Only say what would happen.")]


class MoneyRoutes:
    """`/api/v1/contracts` and `/api/v1/prices`."""

    def __init__(self, money: Money, spans: Spans, audit: AuditLog) -> None:
        self._money = money
        self._spans = spans
        self._audit = audit

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v1", tags=["money"])
        add = router.add_api_route
        contracts = json_answer(Contracts, examples.CONTRACTS, "Every contract, by its first day.")
        contracts[200]["headers"] = ETAG
        add("/contracts", self.contracts, responses=contracts)
        add(
            "/contracts",
            self.put_contracts,
            methods=["PUT"],
            responses=contracts | problems(401, 403, 412, 422),
            openapi_extra={"requestBody": {"content": {JSON: {"example": examples.CONTRACTS}}}},
        )
        prices = json_answer(PriceList, examples.PRICES, "Market prices, by time.")
        add("/prices", self.prices, responses=prices | problems(422))
        add(
            "/prices",
            self.put_prices,
            methods=["PUT"],
            responses=json_answer(PricesTaken, examples.PRICES_TAKEN, "The file was taken as a whole.")
            | problems(401, 403, 413, 415, 422),
            openapi_extra=_file_body(),
        )
        return router

    async def contracts(self) -> Response:
        """Give every contract: what energy costs from when to when."""
        return self._contracts()

    async def put_contracts(
        self, contracts: Contracts, caller: Annotated[Caller, needs(Scope.CONTROL)], if_match: IfMatch = None
    ) -> Response:
        """Put these contracts in place of all there were.

        One contract holds at a time, for electricity, gas and all else. Electricity has one price per way, or one per
        tariff, or that of the market by the hour.
        """
        await self._money.contracts.put(contracts, if_match)
        names = ", ".join(f"{contract.name} from {contract.begin}" for contract in contracts.contracts)
        await self._audit.note(caller, "contracts changed", names or "none is left")
        return self._contracts()

    async def prices(self, query: Annotated[SpanQuery, Query()]) -> Response:
        """Give the market prices, of today and tomorrow where no time is given."""
        here = self._spans.now().astimezone(self._spans.zone)
        usual = (midnight(here).astimezone(UTC), midnight(here, 2).astimezone(UTC))
        start, end = self._spans.of(query, usual)
        if (end - start).days > MOST_DAYS:
            raise invalid("from", f"that would be {(end - start).days} days, {MOST_DAYS} are allowed")
        found = [price for price in await self._money.prices.between(start, end) if price.at >= start.timestamp()]
        lines = [{"from": self._told(price.at), "price_kwh": number(price.kwh)} for price in found]
        return Response(orjson.dumps({"prices": lines}), media_type=JSON)

    async def put_prices(
        self, request: Request, caller: Annotated[Caller, needs(Scope.CONTROL)], *, dry_run: DryRun = False
    ) -> Response:
        """Take market prices out of a CSV file: all of it, or nothing where a line is bad.

        A column of times and one of prices, found by their names (`from`, `datum`, `price`, `prijs`, …), or the first
        two where there is no header. Separated by `,`, `;` or tab; decimals with point or comma; prices per kWh, or per
        MWh where the name has `/MWh`; times with offset, or the home's, the doubled hour in October in its order.
        """
        text = await _text(request)
        try:
            prices = await asyncio.to_thread(read_prices, text, self._spans.zone)
        except PriceFileError as error:
            raise _refused(error) from error
        outcome = await self._money.prices.put(prices, dry_run=dry_run)
        if not dry_run:
            await self._audit.note(caller, "prices changed", f"{outcome.new} new, {outcome.changed} changed")
        return Response(orjson.dumps(self._taken(outcome, prices)), media_type=JSON)

    def _contracts(self) -> Response:
        kept = self._money.contracts
        return Response(kept.json, headers={"ETag": kept.tag}, media_type=JSON)

    def _taken(self, outcome: Outcome, prices: Sequence[Price]) -> dict[str, Any]:
        return {
            "rows": outcome.rows,
            "new": outcome.new,
            "changed": outcome.changed,
            "from": self._told(prices[0].at),
            "to": self._told(prices[-1].at),
        }

    def _told(self, at: int) -> str:
        return datetime.fromtimestamp(at, self._spans.zone).isoformat()


def _file_body() -> dict[str, Any]:
    content = {CSV: {"schema": {"type": "string"}, "example": examples.PRICES_CSV}}
    return {"requestBody": {"required": True, "content": content}}


def _refused(error: PriceFileError) -> ProblemError:
    errors = [{"line": line, "detail": reason} for line, reason in error.mistakes]
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return ProblemError(status, "invalid-prices", f"nothing was taken: {error}", errors=errors, count=error.count)


async def _text(request: Request) -> str:
    """The request's file as text; raises ProblemError where it is too large or no CSV."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != CSV:
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "wrong-media-type", f"send the file with Content-Type: {CSV}"
        )
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FILE:
            sentence = f"the file has more than {LARGEST_FILE // 1_000_000} MB: send it in parts"
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", sentence)
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("latin-1")
