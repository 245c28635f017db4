"""One file of the tree: the question whose answer it is, and since when that answer stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Form(StrEnum):
    """What is made of the API's answer."""

    AS_IT_IS = "as it is"
    GZIP = "gzip"
    PRD_HOURS = "PRDhours.csv"
    PRD_WEEK = "PRDweek.csv"
    PRD_MONTHS = "PRDmonths.csv"
    RING_HOURS = "RINGhours.csv"
    RING_DAYS = "RINGdays.csv"
    RING_MONTHS = "RINGmonths.csv"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the API, beneath `/api/v1/meters/{gateway}/`."""

    name: str
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A file: its path beneath the root, where its bytes come from, and when they changed last.

    `stands`: how long an answer is kept; what is over may still change, when readings come late or are imported.
    """

    path: str
    gateway: str
    question: Question
    changed: datetime
    zone: str
    form: Form = Form.AS_IT_IS
    stands: timedelta = timedelta(days=1)

    @property
    def version(self) -> str:
        """The same for the same bytes."""
        return f"{self.changed.astimezone(UTC).isoformat()} {self.zone} {sorted(self.question.query.items())}"

    @property
    def address(self) -> str:
        """The path of its question."""
        return f"/api/v1/meters/{self.gateway}/{self.question.name}"
