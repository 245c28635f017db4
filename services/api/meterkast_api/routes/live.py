"""The live stream, as server-sent events and as a WebSocket."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from meterkast_contracts.messages import GatewayName
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meterkast_api import examples
from meterkast_api.answers import Examples, problems
from meterkast_api.event_stream import EventStream
from meterkast_api.gateways import Gateways
from meterkast_api.holding import narrowed
from meterkast_api.live_socket import send_live
from meterkast_api.problems import ProblemError, explained, problem
from meterkast_api.stream import Stream, Subscription, TooManyStreamsError, Wish

EVENTS = """\
* `reading`: a reading as on the bus; `late`: one older than the newest, sent after a connection was away;
* `status`: `{"gateway", "status"}`; `event`: an event as on the bus;
* `service` (with `services=true`): a service's health; `device` (with `devices=true`): what a gateway says of itself;
  `rejected` (with `rejected=true`): a telegram that was refused; each as on the bus, at every change;
* `telegram` (with `telegrams=true`): `{"gateway", "received_at", "telegram"}`, never sent again at resuming;
* `live`: the present state, which is sent at connecting, ends here: the newest of everything that was asked for;
* `skipped`: `{"skipped"}`: this client reads too slowly and missed so many events; the present state follows;
* `reset`: resuming is not possible; the present state follows."""
STREAM = f"""\
Server-sent events, each serialised once for all clients:

{EVENTS}

A comment is sent every 15 s of silence. A gateway that is not known yet can be waited for. Where the API holds only
some gateways of many (`[api] hold`), those wanted have to be named."""
LIVE = f"""\
A WebSocket, for programs that prefer it to `/api/v1/stream`: the same events by the same query, each as one text
message `{{"id", "event", "data"}}`. To resume, give the last `id` as `resume`. What the client sends is not read.

{EVENTS}

Pages of other origins are refused, but those in `allowed_origins`. A refusal is a problem, sent in place of the
handshake."""


class StreamQuery(BaseModel):
    """What to send."""

    model_config = ConfigDict(extra="forbid")

    gateway: list[GatewayName] = Field(default=[], description="Only these gateways; may be given often.")
    telegrams: bool = Field(default=False, description="Send raw telegrams as well.")
    services: bool = Field(default=False, description="Send the health of services as well.")
    devices: bool = Field(default=False, description="Send what gateways say of themselves as well.")
    rejected: bool = Field(default=False, description="Send refused telegrams as well.")
    resume: str | None = Field(
        default=None, description="The id to resume from, for clients that cannot set the header Last-Event-ID."
    )

    def wish(self) -> Wish:
        """What the stream is to send."""
        asked = {
            "telegram": self.telegrams,
            "service": self.services,
            "device": self.devices,
            "rejected": self.rejected,
        }
        return Wish(gateways=frozenset(self.gateway), kinds=frozenset(kind for kind, wanted in asked.items() if wanted))


class LiveRoutes:
    """`/api/v1/stream` and `/api/v1/live`."""

    def __init__(self, stream: Stream, gateways: Gateways, *, heartbeat_s: float) -> None:
        self._stream = stream
        self._gateways = gateways
        self._heartbeat_s = heartbeat_s

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v1", tags=["now"])
        router.add_api_route(
            "/stream",
            self.stream,
            description=STREAM,
            response_class=Response,
            responses=_until_ended("text/event-stream", examples.STREAM, 200) | problems(422, 503),
        )
        router.add_api_route(
            "/live",
            self.plain,
            name="live",
            description=LIVE,
            response_class=Response,
            status_code=HTTPStatus.SWITCHING_PROTOCOLS,
            responses=_until_ended("application/json", examples.LIVE, 101) | problems(403, 422, 426, 503),
        )
        router.add_api_websocket_route("/live", self.live)
        return router

    async def stream(
        self,
        query: Annotated[StreamQuery, Query()],
        last_event_id: Annotated[str | None, Header(description="The id to resume from.")] = None,
    ) -> Response:
        """Send what happens as it happens."""
        client = await self._subscribe(query.wish(), last_event_id or query.resume)
        return EventStream(client, heartbeat_s=self._heartbeat_s)

    async def plain(self, _query: Annotated[StreamQuery, Query()]) -> Response:
        """Say to a request that is no handshake what to do."""
        raise ProblemError(
            HTTPStatus.UPGRADE_REQUIRED,
            "websocket-needed",
            "this is a WebSocket: connect by ws:// or wss://, or use /api/v1/stream",
            headers={"Upgrade": "websocket", "Connection": "Upgrade"},
        )

    async def live(self, socket: WebSocket) -> None:
        """Serve one WebSocket."""
        try:
            query = _query(socket)
            client = await self._subscribe(query.wish(), query.resume)
        except ProblemError as error:
            await socket.send_denial_response(problem(error, socket.url.path))
        else:
            await send_live(socket, client, silence_s=self._heartbeat_s)

    async def _subscribe(self, wish: Wish, last_id: str | None) -> Subscription:
        wish = narrowed(wish, self._gateways, self._stream.watched)
        try:
            async with self._gateways.held(wish.gateways - {""}):
                return self._stream.subscribe(wish, last_id)
        except TooManyStreamsError as error:
            detail = "too many live streams are open: close some, or raise max_streams in the section [api]"
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE, "too-many-streams", detail, headers={"Retry-After": "30"}
            ) from error


def _query(socket: WebSocket) -> StreamQuery:
    given: dict[str, object] = dict(socket.query_params)
    if "gateway" in given:
        given["gateway"] = socket.query_params.getlist("gateway")
    try:
        return StreamQuery.model_validate(given)
    except ValidationError as error:
        mistakes = [{**mistake, "loc": ("query", *mistake["loc"])} for mistake in error.errors()]
        raise explained(RequestValidationError(mistakes), tuple(StreamQuery.model_fields)) from error


def _until_ended(media_type: str, example: str | Mapping[str, object], status: int) -> Examples:
    schema = {"type": "string" if isinstance(example, str) else "object"}
    content = {media_type: {"schema": schema, "example": example}}
    return {status: {"description": "Events until either side ends it.", "content": content}}
