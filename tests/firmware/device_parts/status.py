"""The page of the gateway, which nobody asks for here."""


class Status:
    """Built and polled as the real one."""

    def __init__(self, about: object, age_s: object, name: str) -> None:
        del about, age_s, name

    def poll(self, address: str | None) -> None:
        """Nothing to do."""
