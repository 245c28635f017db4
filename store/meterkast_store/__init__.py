"""The history of every meter: one narrow interface, two backends."""

from meterkast_store.errors import StoreDamagedError, StoreError, StoreSettingsError, StoreUnavailableError
from meterkast_store.history import (
    Batch,
    Epoch,
    HistoryStore,
    Hole,
    MbusSample,
    MeterInfo,
    Period,
    PowerBin,
    PowerCurve,
    Sample,
    Spread,
    Standing,
    Usage,
    UsageRow,
    Vital,
)
from meterkast_store.opening import open_store
from meterkast_store.sampling import UnfitReadingError, mbus_samples_of, sample_of
from meterkast_store.settings import StoreSettings

__all__ = [
    "Batch",
    "Epoch",
    "HistoryStore",
    "Hole",
    "MbusSample",
    "MeterInfo",
    "Period",
    "PowerBin",
    "PowerCurve",
    "Sample",
    "Spread",
    "Standing",
    "StoreDamagedError",
    "StoreError",
    "StoreSettings",
    "StoreSettingsError",
    "StoreUnavailableError",
    "UnfitReadingError",
    "Usage",
    "UsageRow",
    "Vital",
    "mbus_samples_of",
    "open_store",
    "sample_of",
]
