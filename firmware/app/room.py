"""How much memory the ring may have: what the heap can spare; loaded once."""

import gc
from struct import calcsize

from micropython import const
from rarely import load
from ring import Ring

_SPARE_WORDS = const(1500)
_MOST = const(24000)
_LEAST = const(3200)


def ring():
    """A ring as large as can be, once the names in modules that come and go are known: those stay."""
    for name in ("state", "wifi", "greeting", "names", "about", "trial", "checks", "settings", "orders", "visit"):
        load(name)
        gc.collect()
    spare = None  # in one piece, for what comes and goes
    words = _SPARE_WORDS
    while words and spare is None:
        try:
            spare = bytearray(words * calcsize("P"))
        except MemoryError:
            words -= 100
    size = _MOST
    while size > _LEAST:
        try:
            return Ring(size)
        except MemoryError:
            size -= 512
    spare = None
    gc.collect()
    return Ring(_LEAST)
