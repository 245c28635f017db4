"""What can go wrong between the console and the API.

ApiError
├── ApiAwayError     it does not answer, or broke off in the middle
└── ApiRefusedError  it has answered, and will not: `status`, `kind` and its own sentence
"""

from meterkast_runtime.errors import MeterkastError


class ApiError(MeterkastError):
    """A request to the API came to nothing."""

    @property
    def said(self) -> str:
        """The sentence as one of its own."""
        return f"{self.sentence[:1].upper()}{self.sentence[1:]}."


class ApiAwayError(ApiError):
    """The API at `address` does not answer."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"the API at {address} does not answer", hint=reason)
        self.address = address


class ApiRefusedError(ApiError):
    """The API's answer is a problem: its status, its kind (the end of its `type`), its sentence."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
