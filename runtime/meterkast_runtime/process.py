"""What this process uses of the machine."""

import os
from pathlib import Path

_STATM = Path("/proc/self/statm")
_RESIDENT = 1


def memory_bytes() -> int:
    """Return the resident memory of this process, 0 where the system has no /proc."""
    try:
        pages = int(_STATM.read_bytes().split()[_RESIDENT])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
