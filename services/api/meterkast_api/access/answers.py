"""What is sent to and answered by the routes of logins, tokens and the audit log."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from meterkast_api.access.credentials import TOKEN_NAME
from meterkast_api.access.passwords import LONGEST
from meterkast_api.access.scopes import Scope

Secret = Annotated[SecretStr, Field(max_length=LONGEST)]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PasswordGiven(_Given):
    """The password, to log in."""

    password: Secret


class PasswordChosen(_Given):
    """A new password of 8 characters or more, with the current one, or the setup code where there is none yet."""

    password: Secret
    current: Secret | None = None
    setup_code: Secret | None = None


class TokenWanted(_Given):
    """A new token; `control` includes `read`."""

    name: str = Field(pattern=TOKEN_NAME)
    scopes: list[Scope] = Field(default=[Scope.READ], min_length=1)


class Session(BaseModel):
    """What the one who asks may do, and how they could do more."""

    scopes: list[Scope]
    name: str | None = Field(default=None, description="Absent where nobody has logged in.")
    login: Literal["open", "password", "setup"] = Field(
        description="`setup`: no password is set, one can be chosen with the setup code that Meterkast gave when it "
        "started; `password`: one is set."
    )
    password_set: bool
    reading: Literal["open", "login"] = Field(description="Whether reading needs a login.")


class Token(BaseModel):
    """A token, without its secret."""

    name: str
    scopes: list[Scope]
    created_at: datetime
    last_used_at: datetime | None = None


class NewToken(BaseModel):
    """A token with its secret, which is shown this once."""

    name: str
    scopes: list[Scope]
    token: str


class AuditEntry(BaseModel):
    """Somebody did something."""

    at: datetime
    who: str
    what: str
    detail: str


class Audit(BaseModel):
    """What was changed, newest first."""

    entries: list[AuditEntry]


SESSION = {"scopes": ["control", "read"], "name": "owner", "login": "password", "password_set": True, "reading": "open"}
TOKENS = [
    {
        "name": "home-assistant",
        "scopes": ["read"],
        "created_at": "2026-03-01T09:00:00Z",
        "last_used_at": "2026-03-29T12:00:00Z",
    }
]
NEW_TOKEN = {
    "name": "home-assistant",
    "scopes": ["read"],
    "token": "mk_hFJ3k0cX2v9sQ7mZ1bN4tR8wY6uE5aL0pD2gK9jH3f4",
}
AUDIT = {
    "entries": [
        {"at": "2026-03-29T12:00:00.412Z", "who": "owner", "what": "token made", "detail": "home-assistant: read"}
    ]
}
