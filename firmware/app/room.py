"""The ring, as large as the heap allows; made before what stays, so that it is in one piece. Loaded once."""

import gc
from struct import calcsize

from micropython import const
from rarely import load
from ring import Ring

_BUFFERS = const(5400)  # of port and framer
_REST_WORDS = const(4080)  # what stays besides, and 1,500 for what comes and goes
_MOST = const(24000)
_LEAST = const(3200)
_COME_AND_GO = (
    "state", "wifi", "greeting", "names", "listening", "about",
    "trial", "checks", "settings", "orders", "changes", "visit",
)  # fmt: skip


def ring():
    """A ring of what the gateway leaves, once the names in modules that come and go are known: those stay."""
    for name in _COME_AND_GO:
        load(name)
        gc.collect()
    size = gc.mem_free() - _BUFFERS - _REST_WORDS * calcsize("P")
    return Ring(min(max(size, _LEAST), _MOST))
