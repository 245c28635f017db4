"""A few gateways of many: those that somebody asks for, the least recently asked going first."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Literal, Protocol

from meterkast_contracts.topics import TopicError, Topics, check_gateway
from meterkast_runtime.metrics import Counter, Gauge

from meterkast_api.gateways import Gateway, Gateways, Wanted, topics_of
from meterkast_api.problems import ProblemError
from meterkast_api.stream import Wish

PATIENCE_S = 1.0
HELD = Gauge("meterkast_api_held_gateways", "Gateways that are listened to, where the API holds only some")
DROPPED = Counter("meterkast_api_dropped_gateways", "Gateways no longer listened to, to make room for others")


class Listener(Protocol):
    """The session with the broker."""

    def subscribe(self, *topics: str, qos: Literal[0, 1]) -> asyncio.Future[tuple[str, ...]]:
        """Listen to further topics."""

    def unsubscribe(self, *topics: str) -> None:
        """Listen to these no more."""


@dataclass(slots=True)
class Place:
    """A gateway that is listened to: since when, who waits for it now, and what wakes them."""

    since: float
    waiting: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)


class HeldGateways(Gateways):
    """The status of every gateway, and at most `limit` gateways whole; those watched live stay.

    What is retained of a gateway comes from the broker within moments of asking for it; the rest as it happens.
    """

    def __init__(
        self, limit: int, topics: Topics, *, watched: Callable[[], Collection[str]], patience_s: float = PATIENCE_S
    ) -> None:
        super().__init__()
        self.limit = limit
        self._topics = topics
        self._watched = watched
        self._patience_s = patience_s
        self._places: dict[str, Place] = {}
        self._listener: Listener | None = None

    def __len__(self) -> int:
        return len(self._places)

    def listen_by(self, listener: Listener) -> None:
        """Use this session to listen to gateways."""
        self._listener = listener

    def subscriptions(self, of: Topics) -> tuple[str, ...]:
        """The statuses of all."""
        return (of.status("+"),)

    def holds(self, name: str) -> bool:
        """Whether the gateway is listened to; of another, messages may still be on their way."""
        return name in self._places

    @contextmanager
    def named(self, name: str) -> Iterator[Gateway]:
        """Give the gateway and wake who waits for it."""
        with super().named(name) as gateway:
            yield gateway
        if (place := self._places.get(name)) is not None:
            place.news.set()

    async def find(self, name: str, wanted: Wanted = "reading") -> Gateway | None:
        """Return the gateway, waiting a moment for what is wanted where it has not been asked for lately."""
        try:
            check_gateway(name)
        except TopicError:
            return None
        with self._waiting(name) as place:
            await self._until(place, name, wanted)
            return self.get(name)

    @asynccontextmanager
    async def held(self, names: Collection[str]) -> AsyncIterator[None]:
        """Hold these gateways, as a live stream needs them, until another does."""
        with ExitStack() as stack:
            places = {name: stack.enter_context(self._waiting(name)) for name in names}
            await asyncio.gather(*(self._until(place, name, "reading") for name, place in places.items()))
            yield

    @contextmanager
    def _waiting(self, name: str) -> Iterator[Place]:
        place = self._places.pop(name, None) or self._take(name)
        self._places[name] = place
        place.waiting += 1
        try:
            yield place
        finally:
            place.waiting -= 1
            self._make_room(name)

    async def _until(self, place: Place, name: str, wanted: Wanted) -> None:
        deadline = place.since + self._patience_s
        while (gateway := self.get(name)) is None or getattr(gateway, wanted) is None:
            place.news.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await place.news.wait()
            except TimeoutError:
                return

    def _take(self, name: str) -> Place:
        if self._listener is not None:
            # of QoS 0, since what is shown live is overtaken by the next, and some brokers count the others per session
            self._listener.subscribe(*topics_of(self._topics, name), qos=0)
        HELD.inc()
        return Place(asyncio.get_running_loop().time())

    def _make_room(self, asked: str) -> None:
        surplus, heard = len(self._places) - (self.limit or 0), self.knows(asked)
        if surplus <= 0 and heard:
            return
        watched = self._watched()
        idle = [name for name, place in self._places.items() if not place.waiting and name not in watched]
        unheard = [] if heard else [name for name in idle if name == asked]
        for name in unheard or idle[: max(surplus, 0)]:
            self._drop(name)

    def _drop(self, name: str) -> None:
        del self._places[name]
        self._by_name.pop(name, None)
        if self._listener is not None:
            self._listener.unsubscribe(*topics_of(self._topics, name))
        HELD.dec()
        DROPPED.inc()


def narrowed(wish: Wish, gateways: Gateways, watched: Collection[str]) -> Wish:
    """What of a live stream's wish can be held; raises ProblemError saying what to ask for instead."""
    limit = gateways.limit
    if limit is None:
        return wish
    if not wish.gateways:
        names = gateways.names()
        if len(names) > limit and "service" not in wish.kinds:
            sentence = (
                f"this API holds at most {limit} of its {len(names)} gateways at a time ([api] hold): "
                "name those you want, ?gateway=NAME&gateway=NAME"
            )
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "name-gateways", sentence, hold=limit)
        return replace(wish, gateways=frozenset(("", *(names if len(names) <= limit else ()))))
    if len(wish.gateways) > limit:
        sentence = f"this API holds at most {limit} gateways at a time ([api] hold): name fewer in one stream"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "too-many-gateways", sentence, hold=limit)
    if len(wish.gateways.union(watched) - {""}) > limit:
        sentence = f"all {limit} gateways that this API holds are watched live: close some streams, or raise [api] hold"
        headers = {"Retry-After": "30"}
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "too-many-gateways", sentence, headers=headers, hold=limit)
    return wish
