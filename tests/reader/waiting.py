"""Waiting for conditions instead of for time."""

import asyncio
from collections.abc import Callable
from time import monotonic


async def until(condition: Callable[[], object], *, within_s: float = 30.0) -> None:
    """Wait until the condition holds; fails when it does not within the time."""
    deadline = monotonic() + within_s
    while not condition():
        assert monotonic() < deadline, "the condition did not come to hold"
        await asyncio.sleep(0.01)
