"""Polling of sockets where nothing comes."""

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16


class poll:
    """Nothing happens."""

    def register(self, _sock: object, _events: int) -> None:
        """It is watched."""

    def unregister(self, _sock: object) -> None:
        """It is not."""

    def ipoll(self, _ms: int) -> tuple[()]:
        """Nothing."""
        return ()
