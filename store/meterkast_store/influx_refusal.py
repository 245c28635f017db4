"""What an answer other than yes means: the server is away, we may not, or some rows are not to its liking."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from meterkast_store.errors import StoreDamagedError, StoreError, StoreUnavailableError

LOGIN_REFUSED = 401
FORBIDDEN = 403
MISSING = 404
TOO_LARGE = 413
ROWS_REFUSED = (400, TOO_LARGE, 422)
BUSY = (429, 503)
LONGEST_REST_S = 300.0
BEYOND_RETENTION = ("beyond retention policy", "outside retention policy")
REST_IS_WRITTEN = "partial write"
ROW_FAULTS = (REST_IS_WRITTEN, *BEYOND_RETENTION, "unable to parse", "field type conflict")
HINTS = {
    **dict.fromkeys(
        (LOGIN_REFUSED, FORBIDDEN), "check token, or username and password, in [store], and what they may do"
    ),
    MISSING: "make the database (bucket), or correct [store] url, bucket and org",
    **dict.fromkeys(ROWS_REFUSED, "give Meterkast databases (buckets) of its own"),
    **dict.fromkeys(BUSY, "nothing is lost: it is tried again when the database has rested"),
}


class Refusal(Exception):  # noqa: N818 - the server's no is an answer, only the store makes an error of it
    """An answer that says no: its HTTP status, its reason in one line, and for how long it wants to be left alone."""

    def __init__(self, status: int, reason: str, rest_s: float = 0.0) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.rest_s = rest_s

    @property
    def of_rows(self) -> bool:
        """Whether it is about certain rows, so that others can be written."""
        return self.status == TOO_LARGE or (
            self.status in ROWS_REFUSED and any(fault in self.reason for fault in ROW_FAULTS)
        )

    @property
    def rest_is_written(self) -> bool:
        """Whether the other rows of the same request stand in the database."""
        return REST_IS_WRITTEN in self.reason

    @property
    def of_old_rows(self) -> bool:
        """Whether the rows are older than what the database keeps."""
        return any(words in self.reason for words in BEYOND_RETENTION)

    @property
    def of_a_missing_database(self) -> bool:
        """Whether the database (bucket) is not there."""
        return "not found" in self.reason or "no dbrp mapping" in self.reason

    @property
    def of_a_missing_right(self) -> bool:
        """Whether 2.x refuses a statement of InfluxQL, which it does with a status of success."""
        return "insufficient permissions" in self.reason

    def error(self, operation: str, place: str) -> StoreError:
        """Return it as an error of the store."""
        status = MISSING if self.of_a_missing_database else FORBIDDEN if self.of_a_missing_right else self.status
        hint = HINTS.get(status, "look at the log of the database")
        kind = StoreDamagedError if status in ROWS_REFUSED else StoreUnavailableError
        return kind(operation, place, self.reason, hint=hint)


class NoSuchPathError(Exception):
    """The server does not know version 2's way of writing."""


def refusal(status: int, body: str, retry_after: str = "") -> Refusal:
    """Return what an answer says; `retry_after` is that header, in seconds or as a date."""
    reason = " ".join(_said(body).split())[:300] or f"HTTP {status}"
    return Refusal(status, reason, min(_seconds(retry_after), LONGEST_REST_S) if status in BUSY else 0.0)


def _said(body: str) -> str:
    try:
        answer = json.loads(body)
        return str(answer.get("error") or answer.get("message") or body)
    except (ValueError, AttributeError):
        return body


def _seconds(retry_after: str) -> float:
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
