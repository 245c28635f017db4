"""Sockets that nobody calls; their memory is lwIP's on the chip too, save 40 bytes or so each."""

AF_INET = 2
SOCK_STREAM = 1
SOCK_DGRAM = 2
SOL_SOCKET = 1
SO_REUSEADDR = 2
IP_ADD_MEMBERSHIP = 3


def getaddrinfo(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    """As it is asked for."""
    return [(2, 1, 0, "", (host, port))]


class socket:
    """One of them."""

    def __init__(self, _family: int = 2, _kind: int = 1) -> None:
        pass

    def setsockopt(self, _level: int, _name: int, _value: object) -> None:
        """It is set."""

    def bind(self, _place: object) -> None:
        """It is bound."""

    def setblocking(self, _on: bool) -> None:
        """It never waits."""

    def listen(self, _most: int) -> None:
        """It listens."""
