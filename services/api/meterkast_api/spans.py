"""From when to when a question asks."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from meterkast_api.home import Home
from meterkast_api.moments import MomentError, parse_moment
from meterkast_api.problems import invalid

Span = tuple[datetime, datetime]

_MOMENT = "Date or date-time (in the home's time zone where it has no offset), `now`, `today`, `-90m`, `-24h`, `-7d`."


class SpanQuery(BaseModel):
    """From when to when."""

    model_config = ConfigDict(extra="forbid")

    begin: str | None = Field(default=None, alias="from", description=_MOMENT, examples=["2026-03-29", "-7d"])
    end: str | None = Field(default=None, alias="to", description=f"{_MOMENT} Exclusive.", examples=["now"])


class Spans:
    """Reads spans as the home's people write them."""

    def __init__(self, home: Home, *, now: Callable[[], datetime]) -> None:
        self._home = home
        self.now = now

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of days, weeks and months."""
        return self._home.zone

    def of(self, query: SpanQuery, usual: Span) -> Span:
        """Return the span asked for, the usual one where none is; raise ProblemError (422) where it is none."""
        start = self._parse("from", query.begin, usual[0])
        end = self._parse("to", query.end, usual[1])
        if end <= start:
            raise invalid("to", f"{end.isoformat()} is not after from, {start.isoformat()}")
        return start, end

    def last(self, text: str) -> Span:
        """The span from a moment, e.g. `-24h`, until now."""
        now = self.now()
        return parse_moment(text, zone=self.zone, now=now), now

    def _parse(self, parameter: str, text: str | None, usual: datetime) -> datetime:
        if text is None:
            return usual
        try:
            return parse_moment(text, zone=self.zone, now=self.now())
        except MomentError as error:
            raise invalid(parameter, str(error)) from error
