"""A house that was never built, metered to the watt-second: deterministic by seed, in every dialect of the P1 port."""

from meterkast_reader.simulator.dialects import DIALECTS
from meterkast_reader.simulator.house import House
from meterkast_reader.simulator.meter import Meter, simulate

__all__ = ["DIALECTS", "House", "Meter", "simulate"]
