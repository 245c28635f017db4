"""The live stream."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from meterkast_contracts.topics import TopicError, check_gateway

from meterkast_api import examples
from meterkast_api.answers import Examples, problems
from meterkast_api.event_stream import EventStream
from meterkast_api.problems import ProblemError, invalid
from meterkast_api.stream import Stream, TooManyStreamsError, Wish

DESCRIPTION = """\
Server-sent events, each serialised once for all clients:

* `reading`: a reading as on the bus; `late`: one older than the newest, sent after a connection was away;
* `status`: `{"gateway", "status"}`; `event`: an event as on the bus;
* `telegram` (with `telegrams=true`): `{"gateway", "received_at", "telegram"}`, never sent again at resuming;
* `live`: the present state, which is sent at connecting, ends here;
* `skipped`: `{"skipped"}`: this client reads too slowly and missed so many events; the present state follows;
* `reset`: resuming from `Last-Event-ID` is not possible; the present state follows.

A comment is sent every 15 s of silence. A gateway that is not known yet can be waited for."""


class LiveRoutes:
    """`/api/v1/stream`."""

    def __init__(self, stream: Stream, *, heartbeat_s: float) -> None:
        self._stream = stream
        self._heartbeat_s = heartbeat_s

    def router(self) -> APIRouter:
        """The route."""
        router = APIRouter(prefix="/api/v1", tags=["now"])
        content = {"text/event-stream": {"schema": {"type": "string"}, "example": examples.STREAM}}
        answers: Examples = {200: {"description": "Events until either side ends it.", "content": content}}
        router.add_api_route(
            "/stream",
            self.stream,
            description=DESCRIPTION,
            response_class=Response,
            responses=answers | problems(422, 503),
        )
        return router

    async def stream(
        self,
        gateway: Annotated[list[str] | None, Query(description="Only these gateways; may be given often.")] = None,
        telegrams: Annotated[bool, Query(description="Send raw telegrams as well.")] = False,  # noqa: FBT002 - a query
        last_event_id: Annotated[str | None, Header(description="The id to resume from.")] = None,
        resume: Annotated[str | None, Query(description="The same, for clients that cannot set a header.")] = None,
    ) -> Response:
        """Send what happens as it happens."""
        names = frozenset(gateway or ())
        for name in names:
            try:
                check_gateway(name)
            except TopicError as error:
                raise invalid("gateway", str(error)) from error
        try:
            client = self._stream.subscribe(Wish(gateways=names, telegrams=telegrams), last_event_id or resume)
        except TooManyStreamsError as error:
            detail = "too many live streams are open: close some, or raise max_streams in the section [api]"
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE, "too-many-streams", detail, headers={"Retry-After": "30"}
            ) from error
        return EventStream(client, heartbeat_s=self._heartbeat_s)
