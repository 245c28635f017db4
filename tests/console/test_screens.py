"""Screens are functions of state, size and charset."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meterkast_console.sse import ServerEvent
from meterkast_console.terminal.charset import ASCII, UTF8, Charset
from meterkast_console.terminal.electricity import SPARK_SPAN, bins
from meterkast_console.terminal.feed import take_curve
from meterkast_console.terminal.house import Gateway, House, Note, Point
from meterkast_console.terminal.live import live_block, reading_line
from meterkast_console.terminal.pages.board import without_secrets
from meterkast_console.terminal.pages.menu import menu
from meterkast_console.terminal.pages.page import Page, page_block, page_text
from meterkast_console.terminal.pages.telegrams import Telegrams
from meterkast_console.terminal.view import Size

from tests.console.views import KEPT, NOW, READING, SCREENS, Kept, house, service, sunny, text_of, troubled, view

SIZES = st.builds(Size, st.integers(20, 240), st.integers(4, 80))
CHARSETS = st.sampled_from((UTF8, ASCII))
HOUSES = st.sampled_from((house(), sunny(), troubled(), House(), house(gateways=("home", "shed"))))


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.name)
def test_a_screen_is_what_was_kept_of_it(kept: Kept) -> None:
    """Every kept screen is drawn from our own numbers to the last character."""
    assert text_of(kept.draw()) == (SCREENS / f"{kept.name}.txt").read_text(encoding="utf-8")


def test_every_kept_screen_is_drawn() -> None:
    """No file is left over of a screen that is drawn no longer."""
    assert {path.stem for path in SCREENS.glob("*.txt")} == {kept.name for kept in KEPT}


@given(made=HOUSES, size=SIZES, charset=CHARSETS, notice=st.text(max_size=300))
def test_a_live_screen_fills_the_terminal_and_never_more(
    made: House, size: Size, charset: Charset, notice: str
) -> None:
    """At any size there are as many lines as rows, none wider than the terminal, and nothing moves its cursor."""
    lines = live_block(view(made, size, charset, notice=notice))
    assert len(lines) == size.rows
    for one in lines:
        assert one.width <= size.columns
        assert one.text == "" or one.text.isprintable()
        assert charset is UTF8 or one.text.isascii()


@given(size=SIZES, charset=CHARSETS, top=st.integers(-5, 500), notice=st.text(max_size=200))
def test_a_page_fills_the_terminal_and_never_scrolls_beyond_its_end(
    size: Size, charset: Charset, top: int, notice: str
) -> None:
    """However far down one asks, the last line of the page is the last that is shown."""
    lines, at = page_block(Page("Keys", menu), view(size=size, charset=charset, notice=notice), top)
    assert len(lines) == size.rows
    assert max(one.width for one in lines) <= size.columns
    assert 0 <= at <= 15


@given(text=st.text(), charset=CHARSETS)
def test_text_of_others_cannot_move_the_cursor(text: str, charset: Charset) -> None:
    """An event's text with escape sequences in it is shown without them."""
    made = house()
    made.gateway("home").take_event(Note(NOW, "home", f"\x1b[2J\x9b1m{text}\r\n\x07"))
    shown = live_block(view(made, Size(80, 40), charset))
    assert all(one.text == "" or one.text.isprintable() for one in shown)


def test_what_matters_most_stays_where_there_is_no_room() -> None:
    """With eight rows there is power, and trouble with it; registers and charts are gone."""
    text = text_of(live_block(view(troubled(), Size(80, 8))))
    assert "does not answer" in text
    assert "1 648 W" in text
    assert "Dial" not in text
    assert "15 min" not in text


def test_a_reading_that_grows_old_is_said() -> None:
    """The screen never passes an old reading off as a new one."""
    made = house()
    made.gateway("home").reading = {**READING, "received_at": "2026-11-22T14:04:00Z"}
    assert "The last reading is 1 min 30 s old." in text_of(live_block(view(made)))


def test_what_the_meter_does_not_tell_is_not_shown() -> None:
    """A meter without phases, gas and demand has no lines for them, and no zeros."""
    made = house()
    made.gateway("home").reading = {"gateway": "home", "received_at": READING["received_at"], "power_import_w": 12}
    text = text_of(live_block(view(made)))
    for absent in ("L1", "Gas", "Demand", "export T1", "-96"):
        assert absent not in text


def test_a_line_per_reading_is_for_paper() -> None:
    """A terminal that only scrolls gets one line with the same figures, also in ASCII."""
    phases = "L1 1 201 W  L2 -96 W  L3 447 W"
    assert reading_line(view(charset=ASCII)).text == (
        f"15:05:30  import 1 648 W  export 0 W  {phases}  today 6.204 kWh  gas 3 302.427 m3"
    )
    assert reading_line(view(house(gateways=("home", "shed")), name="shed")).text.startswith("15:05:30  shed  import")


def test_a_page_on_paper_is_whole() -> None:
    """A terminal that only scrolls gets every line of a page, however few rows it says it has."""
    lines = page_text(Page("Keys", menu), view(size=Size(80, 5)))
    assert len(lines) == 16
    assert lines[0].text == "-- Keys --"


def test_a_chart_holds_a_reading_until_the_next_is_due() -> None:
    """A meter that sends every ten seconds gives an unbroken curve; half a minute of silence is a gap."""
    points = [Point(NOW - timedelta(seconds=back), 100, 0) for back in (600, 590, 580, 100, 90)]
    used, fed = bins(points, NOW, int(SPARK_SPAN.total_seconds()))
    assert [used[-601 + second] for second in range(1, 21)] == [100.0] * 20
    assert used[-540:-101] == [None] * 439
    assert used[-101:-61] == [100.0] * 40
    assert used[-60:] == [None] * 60
    assert fed[-100] == 0.0


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("socket://me:hush@192.168.1.20:23", "socket://***@192.168.1.20:23"),
        ("serial:///dev/ttyUSB0?key=00112233&baud=9600", "serial:///dev/ttyUSB0?key=***&baud=9600"),
        ("simulator:be-emucs?seed=1", "simulator:be-emucs?seed=1"),
    ],
)
def test_the_board_shows_no_secret(source: str, shown: str) -> None:
    """A source's login and key are not shown."""
    assert without_secrets(source) == shown


def test_raw_telegrams_keep_their_last_lines() -> None:
    """However long the page stays open, it holds so much and no more; long lines are folded, none is lost."""
    telegrams = Telegrams()
    for number in range(300):
        telegrams.take(f"/XMX5\\A{number}\r\n\r\n0-0:96.13.0({'3' * 50})\r\n!0000\r\n")
    lines = telegrams(view(size=Size(40, 20)))
    assert len(telegrams.lines) == 400
    assert any("A299" in one.text for one in lines)
    assert max(one.width for one in lines) <= 40
    assert len(telegrams.news(view())) >= 400
    assert telegrams.news(view()) == []


def test_what_happens_is_noted_once() -> None:
    """A gateway that goes, a service that fails and a refused telegram each leave a line; the first state does not."""
    made = house()
    assert list(made.notes) == []
    made.take(ServerEvent("status", {"gateway": "home", "status": "offline"}), NOW)
    made.take(ServerEvent("status", {"gateway": "home", "status": "offline"}), NOW)
    made.take(ServerEvent("rejected", {"gateway": "home", "reason": "crc", "detail": "checksum is ABCD"}), NOW)
    assert [note.text for note in made.notes] == [
        "The gateway is offline.",
        "A telegram was refused: checksum is ABCD",
    ]
    for status in ("starting", "ok", "lost", "ok"):
        made.take(ServerEvent("service", service("history", status)), NOW)
    assert [note.text for note in made.notes][2:] == ["The history is lost.", "The history is ok."]
    made.take(ServerEvent("event", {"gateway": "home", "at": "2026-11-22T14:00:00Z", "text": "A sag."}), NOW)
    made.take(ServerEvent("event", {"gateway": "home", "at": "2026-11-22T14:00:00Z", "text": "A sag."}), NOW)
    assert [note.text for note in made.gateway("home").events][-1:] == ["A sag."]
    assert len(made.gateway("home").events) == 2
    made.take(ServerEvent("something new", {"gateway": "home"}), NOW)


def test_a_curve_fills_what_was_missed() -> None:
    """Where readings came live they stay; before them, and while the API was away, history's means stand."""
    gateway = Gateway("home")
    at = [NOW - timedelta(seconds=back) for back in (300, 299, 298, 60, 59)]
    gateway.points.extend(Point(one, 1, 0) for one in at)
    times = [(NOW - timedelta(seconds=back)).timestamp() for back in (600, 301, 299, 200, 100, 60, 30)]
    means = [100, 200, 300, 400, None, 500, 600]
    curve = {"step_s": 3.0, "times": times, "fields": {"power_import_w": {"mean": means}}}
    take_curve(gateway, curve)
    take_curve(gateway, curve)
    assert [(int((NOW - point.at).total_seconds()), point.import_w) for point in gateway.points] == [
        (600, 100),
        (300, 1),
        (299, 1),
        (298, 1),
        (200, 400),
        (60, 1),
        (59, 1),
        (30, 600),
    ]
