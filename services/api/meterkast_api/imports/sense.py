"""Which registers make sense beside their neighbours."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from meterkast_store.period import HOUR_MS

from meterkast_api.imports.record import Standings

MOST_PER_HOUR = 100_000
"""Wh or litres: more than the connection of any house can carry."""


def misfit(before: Mapping[str, int], after: Mapping[str, int], elapsed_ms: int) -> str | None:
    """Return why registers cannot have come after others, None where they can."""
    most = MOST_PER_HOUR * (1 + elapsed_ms // HOUR_MS)
    for name in before.keys() & after.keys():
        if after[name] < before[name]:
            return f"{name} runs backwards, from {before[name]} to {after[name]}"
        if after[name] - before[name] > most:
            return f"{name} leaps from {before[name]} to {after[name]}"
    return None


def sifted(found: Iterable[Standings], refuse: Callable[[int, str], None]) -> Iterator[Standings]:
    """Leave out registers that stand out between neighbours which fit each other; a replaced meter's go on."""
    numbered = iter(found)
    before: Standings | None = None
    current = next(numbered, None)
    while current is not None:
        following = next(numbered, None)
        if before is not None and (reason := _stands_out(before, current, following)):
            refuse(current.line, reason)
        else:
            yield current
            before = current
        current = following


def _stands_out(before: Standings, current: Standings, following: Standings | None) -> str | None:
    after_before = _pair(before, current)
    if following is None:
        return after_before
    onward = _pair(current, following)
    if after_before:
        return after_before if onward or not _pair(before, following) else None
    return "it does not fit the line after it: " + onward if onward and not _pair(before, following) else None


def _pair(before: Standings, after: Standings) -> str | None:
    return misfit(before.registers, after.registers, after.at - before.at)
