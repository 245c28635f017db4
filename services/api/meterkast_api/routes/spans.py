"""From when to when a question asks."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from meterkast_api.moments import MomentError, parse_moment
from meterkast_api.problems import invalid

Span = tuple[datetime, datetime]
_MOMENT = "Date or date-time (in the home's time zone where it has no offset), `now`, `today`, `-90m`, `-24h`, `-7d`."


class SpanQuery(BaseModel):
    """From when to when."""

    model_config = ConfigDict(extra="forbid")

    begin: str | None = Field(default=None, alias="from", description=_MOMENT, examples=["2026-03-29", "-7d"])
    end: str | None = Field(default=None, alias="to", description=f"{_MOMENT} Exclusive.", examples=["now"])

    def span(self, usual: Span, *, zone: ZoneInfo, now: datetime) -> Span:
        """Return the span in UTC, with the usual bounds where none are given; raises ProblemError (422)."""
        start = _parsed("from", self.begin, usual[0], zone, now)
        end = _parsed("to", self.end, usual[1], zone, now)
        if end <= start:
            raise invalid("to", f"{end.isoformat()} is not after from, {start.isoformat()}")
        return start, end


def _parsed(parameter: str, text: str | None, usual: datetime, zone: ZoneInfo, now: datetime) -> datetime:
    if text is None:
        return usual
    try:
        return parse_moment(text, zone=zone, now=now)
    except MomentError as error:
        raise invalid(parameter, str(error)) from error
