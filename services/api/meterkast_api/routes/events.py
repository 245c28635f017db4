"""What happened."""

from contextlib import aclosing
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response
from meterkast_contracts.messages import Event, EventKind
from pydantic import Field

from meterkast_api import examples
from meterkast_api.answers import Events, json_answer, problems
from meterkast_api.directory import Directory
from meterkast_api.event_pages import Cursor, event_pages
from meterkast_api.history import HistoryReader
from meterkast_api.routes.meters import JSON, GatewayPath
from meterkast_api.spans import Span, SpanQuery, Spans

USUAL = "-30d"


class EventKindsQuery(SpanQuery):
    """Which events."""

    kind: list[EventKind] = Field(default=[], description="Only these kinds; may be given often.")


class EventsQuery(EventKindsQuery):
    """Which page of which events."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    before: str | None = Field(
        default=None,
        description="The `next` of the page before: gives those that follow it.",
        examples=["2026-03-29T03:12:00.000Z~power_failure"],
    )


class EventRoutes:
    """The logbook of a gateway."""

    def __init__(self, store: HistoryReader, directory: Directory, spans: Spans) -> None:
        self._store = store
        self._directory = directory
        self._spans = spans

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v1/meters/{gateway}", tags=["history"])
        answers = json_answer(Events, examples.EVENTS, "What happened.") | problems(404, 422, 503)
        router.add_api_route("/events", self.events, responses=answers)
        return router

    async def events(self, gateway: GatewayPath, query: Annotated[EventsQuery, Query()]) -> Response:
        """Give what happened, newest first, the last 30 days where no time is given.

        `next` is there while there is more: give it as `before`. Events that come meanwhile do not move a page.
        """
        span = self._spans.of(query, self._spans.last(USUAL))
        after = None if query.before is None else Cursor.parse(query.before)
        await self._directory.check(gateway)
        found: list[Event] = []
        async with aclosing(event_pages(self._store, gateway, span, kinds=query.kind, after=after)) as pages:
            async for page in pages:
                found += page
                if len(found) > query.limit:
                    break
        return Response(_events_json(gateway, span, found, query.limit), media_type=JSON)


def _events_json(gateway: str, span: Span, found: list[Event], limit: int) -> bytes:
    shown = found[:limit]
    more = {"next": str(Cursor.of(shown[-1]))} if len(found) > limit else {}
    events = [orjson.Fragment(event.to_json()) for event in shown]
    answer = {"gateway": gateway, "from": span[0], "to": span[1], "events": events, **more}
    return orjson.dumps(answer, option=orjson.OPT_UTC_Z)
