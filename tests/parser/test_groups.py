"""Texts and numbers in parentheses."""

import pytest
from meterkast_parser.groups import octets


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("4D4B54", "MKT"),
        ("AUX1030303218166", "AUX1030303218166"),
        ("9903218166", "9903218166"),
        ("4D4B5", "4D4B5"),
        (" 4D4B20 ", "MK"),
        ("", ""),
    ],
)
def test_octets_are_spelt_or_kept(printed: str, text: str) -> None:
    """Hex that spells a text becomes that text; everything else stays as it is printed."""
    assert octets(printed) == text
