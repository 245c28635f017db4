"""Colours: those of Meterkast's own page, each between its light and its dark shade so that it reads on both."""

IMPORT = "#cb6a1e"
EXPORT = "#16937a"
GAS = "#8d74cc"
WATER = "#3a86c8"
HOT_WATER = "#cf558b"
HEAT = "#c4574d"
COLD = "#2493ab"
WELL = "#379658"
ALARM = "#dd4c41"
WARNING = "#b8860b"
QUIET = "#7d827a"

PHASES = ("#cb6a1e", "#3a86c8", "#8d74cc")
"""L1, L2, L3."""
