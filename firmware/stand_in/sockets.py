"""The socket module, with what the chip's has and that of an older MicroPython on a PC lacks."""

import socket


class Sockets:
    """As the module."""

    IP_ADD_MEMBERSHIP = 35

    def __getattr__(self, name: str) -> object:
        """What the module has."""
        return getattr(socket, name)
