"""What a person may expect of every dashboard, whatever it shows."""

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana.meterkast_dashboards import colours
from deploy.grafana.meterkast_dashboards.__main__ import generated, write
from tests.grafana.boards import FOLDER, dashboards, panels

BOARDS = dashboards()
PANELS = [(f"{name}: {panel['title']}", panel) for name, board in BOARDS.items() for panel in panels(board)]
each_panel = pytest.mark.parametrize("panel", [panel for _, panel in PANELS], ids=[name for name, _ in PANELS])
each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
UNITS = {"watt", "watth", "m3", "volt", "amp", "hertz", "s", "cps", "bytes", "percentunit", "none"}
LIGHT, DARK = "#ffffff", "#181b1f"
"""Grafana's panel background in its two themes."""


def test_what_is_generated_is_what_is_committed(tmp_path: Path) -> None:
    """The files are what the code writes: `make generate` after a change of the code, never a change of the files."""
    write(tmp_path)
    assert {name: (FOLDER / name).read_text() for name, _ in generated()} == {
        name: (tmp_path / name).read_text() for name, _ in generated()
    }
    assert {path.name for path in (FOLDER / "dashboards").iterdir()} == {f"{name}.json" for name in BOARDS}


@each_panel
def test_a_panel_explains_itself(panel: dict[str, Any]) -> None:
    """Each panel has a title, a description in sentences, a unit that Grafana knows and words for when it is empty."""
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["title"][0].isupper()
    assert panel["description"].endswith(".")
    assert defaults["unit"] in UNITS
    assert defaults["noValue"]
    assert panel["targets"]


@each_panel
def test_names_are_of_series_that_are_there(panel: dict[str, Any]) -> None:
    """A colour or look that is given by name is for a series or column that the panel's queries name."""
    text = " ".join(f"{target.get('alias', '')} {target['query']}" for target in panel["targets"])
    named = [o["matcher"]["options"] for o in panel["fieldConfig"].get("overrides", ())]
    assert all(name == "Time" or name in text for name in named), named


@each_board
def test_panels_lie_side_by_side(board: dict[str, Any]) -> None:
    """No two panels overlap or stick out, and each has its own id."""
    places = [panel["gridPos"] for panel in panels(board)]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)
    assert len({panel["id"] for panel in panels(board)}) == len(places)


@each_board
def test_data_sources_are_those_provisioned(board: dict[str, Any]) -> None:
    """Every query names a data source that the provisioning makes; its references are unique in a panel."""
    made = yaml.safe_load((FOLDER / "provisioning/datasources/meterkast.yaml").read_text())["datasources"]
    known = {source["uid"] for source in made}
    for panel in panels(board):
        assert panel["datasource"]["uid"] in known
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {panel["datasource"]["uid"]}
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)


@each_board
def test_a_dashboard_is_found_and_shows_the_time_of_the_home(board: dict[str, Any]) -> None:
    """Each has a fixed uid, the tag by which the others link to it, and the browser's time zone."""
    assert board["uid"].startswith("meterkast-")
    assert board["tags"] == ["meterkast"]
    assert board["timezone"] == "browser"
    assert any(link["type"] == "dashboards" and link["tags"] == ["meterkast"] for link in board["links"])
    assert "now()" not in str(board), "a query of a dashboard goes by the time shown"


@each_board
def test_links_lead_to_dashboards_that_are_there(board: dict[str, Any]) -> None:
    """No link leads nowhere."""
    uids = {other["uid"] for other in BOARDS.values()}
    assert set(re.findall(r"/d/([a-z-]+)", str(board))) <= uids


def test_thousands_of_gateways_are_one_query() -> None:
    """The fleet's table asks once for all gateways, shows them by pages, the longest silent first."""
    (table,) = [panel for panel in panels(BOARDS["fleet"]) if panel["type"] == "table"]
    assert len(table["targets"]) == 1
    assert table["options"]["footer"]["enablePagination"]
    assert table["options"]["sortBy"] == [{"displayName": "Last reading", "desc": True}]
    assert table["timeFrom"] == "10m"
    assert all(variable["type"] == "textbox" for variable in BOARDS["fleet"]["templating"]["list"])


@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_colours_read_on_both_themes(ground: str) -> None:
    """Every colour stands out by 3:1 from a panel's ground, as WCAG 2.1 (1.4.11) asks of graphics."""
    all_colours = {value for name, value in vars(colours).items() if name.isupper() and isinstance(value, str)}
    assert all(_contrast(colour, ground) >= 3 for colour in {*all_colours, *colours.PHASES})


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
