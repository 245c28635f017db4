"""Events newest first, page by page; a page stays what it is when new events come."""

from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from meterkast_contracts.messages import Event, EventKind
from meterkast_store.instants import from_ms, to_ms

from meterkast_api.history import HistoryReader
from meterkast_api.problems import invalid
from meterkast_api.spans import Span

PAGE = 500
TIES = len(EventKind)
"""A gateway's events of one moment differ in kind."""


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in the events of a gateway, which time and kind identify; those that follow are greater."""

    before_ms: int
    kind: str

    @classmethod
    def of(cls, event: Event) -> Self:
        """The place of an event."""
        return cls(-to_ms(event.at), event.kind)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` gives; raise ProblemError (422) on anything else."""
        moment, _, kind = text.partition("~")
        try:
            at = datetime.fromisoformat(moment)
            return cls(-to_ms(at), EventKind(kind))
        except (ValueError, TypeError, OverflowError) as error:
            example = Cursor.of(_EXAMPLE)
            raise invalid("before", f"give the `next` of an answer here, e.g. {example}") from error

    @property
    def at(self) -> datetime:
        """The moment."""
        return from_ms(-self.before_ms)

    def __str__(self) -> str:
        """E.g. `2026-03-29T03:12:00.000Z~power_failure`."""
        return f"{self.at.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z~{self.kind}"


_EXAMPLE = Event(gateway="home", kind=EventKind.POWER_FAILURE, at=datetime.fromisoformat("2026-03-29T03:12Z"), text="")


async def event_pages(
    store: HistoryReader, gateway: str, span: Span, *, kinds: Collection[EventKind] = (), after: Cursor | None = None
) -> AsyncGenerator[list[Event], None]:
    """Give the events of a span, of these kinds where any is named, that follow a place; pages may be empty."""
    start, end = span
    until = end - timedelta(milliseconds=1)
    wanted = PAGE + 2 * TIES
    more = True
    while more:
        until = until if after is None else min(until, after.at)
        if until < start:
            return
        found = sorted(await store.events(gateway, start, until, wanted), key=Cursor.of)
        more = len(found) >= wanted
        if more:  # those of the oldest moment may not all be there
            found = [event for event in found if event.at > found[-1].at]
        fresh = [event for event in found if after is None or Cursor.of(event) > after]
        if not fresh:
            return
        after = Cursor.of(fresh[-1])
        yield [event for event in fresh if not kinds or event.kind in kinds]
