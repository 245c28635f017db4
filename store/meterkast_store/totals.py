"""Totals of a way (import, export) where a meter only has registers per tariff."""

from collections.abc import Collection, Mapping

TARIFFS = range(1, 5)
WAYS = ("import", "export")


def parts_of_totals(names: Collection[str]) -> dict[str, list[str]]:
    """Return the totals that are lacking, and of which registers each is the sum."""
    parts = {}
    for way in WAYS:
        found = [name for tariff in TARIFFS if (name := f"energy_{way}_t{tariff}_wh") in names]
        if found and f"energy_{way}_wh" not in names:
            parts[f"energy_{way}_wh"] = found
    return parts


def with_totals(values: Mapping[str, int]) -> dict[str, int]:
    """Return the values with the totals that are lacking."""
    sums = {total: sum(values[name] for name in parts) for total, parts in parts_of_totals(values).items()}
    return {**values, **sums}
