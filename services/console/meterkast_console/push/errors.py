"""Why files could not be sent."""

from meterkast_runtime.errors import MeterkastError


class PushError(MeterkastError):
    """Files could not be sent to `destination`."""

    def __init__(self, destination: str, reason: str, *, hint: str) -> None:
        super().__init__(f"files cannot be sent to {destination}: {reason}", hint=hint)
        self.destination = destination
