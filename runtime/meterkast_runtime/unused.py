"""Libraries that others load wherever they find them, for what nobody asks of them here."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Meanwhile an import finds none of these packages that was not loaded before."""
    absent = [it for it in packages if it not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None is Python's word for "not there"
    try:
        yield
    finally:
        for it in absent:
            del sys.modules[it]
