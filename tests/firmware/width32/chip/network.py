"""A radio in an empty room."""

STA_IF = 0
AP_IF = 1
STAT_WRONG_PASSWORD = 2
STAT_NO_AP_FOUND = 3
STAT_CONNECT_FAIL = 4


def hostname(_name: str) -> None:
    """Its name."""


class WLAN:
    """Nobody is there."""

    def __init__(self, _interface: int) -> None:
        pass

    def config(self, _name: str) -> bytes:
        """Its address."""
        return b"\x5c\xcf\x7f\x01\x02\x3f"

    def isconnected(self) -> bool:
        """Never."""
        return False
