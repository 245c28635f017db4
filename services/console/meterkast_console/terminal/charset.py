"""What a terminal can show: its characters, and text made fit for them."""

import unicodedata
from dataclasses import dataclass

_ASCII_FOR = str.maketrans(
    {"\u00b7": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-"}
    | dict.fromkeys("\u2018\u2019", "'")
    | dict.fromkeys("\u201c\u201d", '"')
)
_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Charset:
    """The marks that a screen is drawn with; `eighths` ends a bar, `heights` makes a sparkline."""

    name: str
    rule: str
    dot: str
    full: str
    eighths: str
    heights: str

    def fit(self, text: str) -> str:
        """The text without what could move a cursor or take two columns, in characters the terminal has."""
        if not (text.isascii() and text.isprintable()):
            composed = unicodedata.normalize("NFC", text)
            text = "".join(_shown(one) for one in composed)
        return text if text.isascii() or self.name == "utf-8" else _to_ascii(text)


UTF8 = Charset("utf-8", rule="─", dot="●", full="█", eighths="▏▎▍▌▋▊▉", heights="▁▂▃▄▅▆▇█")
ASCII = Charset("ascii", rule="-", dot="*", full="#", eighths="", heights="_.-:=+*#")


def _shown(one: str) -> str:
    category = unicodedata.category(one)
    if category == "Zs":
        return " "
    if category in _CONTROLS:
        return " " if one in "\t\r\n" else ""
    if unicodedata.combining(one):
        return ""
    return "?" if unicodedata.east_asian_width(one) in "WF" else one


def _to_ascii(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_ASCII_FOR))
    kept = "".join(one for one in decomposed if not unicodedata.combining(one))
    return kept.encode("ascii", "replace").decode("ascii")
