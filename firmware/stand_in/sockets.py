"""The socket module, with what the chip's has and that of an older MicroPython on a PC lacks.

FIRMWARE_PAGE is the port of the gateway's page in the place of 80, which is root's on a PC, and of one gateway only.
"""

import os
import socket

_page = int(os.getenv("FIRMWARE_PAGE") or 80)


class Sockets:
    """As the module."""

    IP_ADD_MEMBERSHIP = 35

    def __getattr__(self, name: str) -> object:
        """What the module has."""
        return getattr(socket, name)

    def getaddrinfo(self, host: str, port: int) -> list:
        """As the module does."""
        return socket.getaddrinfo(host, _page if port == 80 else port)
