"""The small pieces of the terminal."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meterkast_console.sse import ServerEvent, server_events
from meterkast_console.terminal import bars, keys
from meterkast_console.terminal.canvas import Canvas
from meterkast_console.terminal.charset import ASCII, UTF8
from meterkast_console.terminal.figures import amount, lasting, short_stamp, size
from meterkast_console.terminal.guests import FullError, Guests
from meterkast_console.terminal.line import Span, Style, ends, flowed, line
from meterkast_console.terminal.probe import explore, is_dumb, negotiated
from meterkast_console.terminal.view import Size
from meterkast_console.terminal.wire import Capabilities

from tests.console.views import ZONE


@pytest.mark.parametrize(
    ("sent", "pressed"),
    [
        ("q", ["q"]),
        ("\r\n", [keys.ENTER]),
        ("\r\x00", [keys.ENTER]),
        ("\n", [keys.ENTER]),
        ("d\r\n", ["d", keys.ENTER]),
        ("\x1b[A\x1bOB\x1b[5~", [keys.UP, keys.DOWN, keys.PAGE_UP]),
        ("\x1b", [keys.ESCAPE]),
        ("\x1b[200;5R", []),
        ("\x7f\x08\x15\x03", [keys.BACKSPACE, keys.BACKSPACE, keys.ERASE, keys.LEAVE]),
        ("é\x07", ["é"]),
    ],
)
def test_keys(sent: str, pressed: list[str]) -> None:
    """A key is one key, however many characters a terminal sends for it."""
    assert list(keys.keys(sent)) == pressed


@given(st.text())
def test_no_input_is_an_error(sent: str) -> None:
    """Whatever is sent, keys come out of it, each a printable character or a named one."""
    assert all(len(key) > 1 or key.isprintable() for key in keys.keys(sent))


@pytest.mark.parametrize(
    ("sent", "is_one"), [("POST / HTTP", True), ("GET /fru", True), ("pget ", False), ("P", False)]
)
def test_a_request_of_a_browser_is_known(sent: str, is_one: bool) -> None:  # noqa: FBT001 - a row
    """What a page of a browser can send here begins like an HTTP request."""
    assert keys.is_request(sent) is is_one


@given(st.text(), st.sampled_from((UTF8, ASCII)))
def test_fitted_text_is_one_column_per_character(text: str, charset: object) -> None:
    """Text made fit has no controls, no wide letters and no marks that take no column."""
    fitted = (UTF8 if charset is UTF8 else ASCII).fit(text)
    assert fitted == "" or fitted.isprintable()
    assert charset is UTF8 or fitted.isascii()


def test_ascii_says_nearly_the_same() -> None:
    """What ASCII lacks is written with what it has."""
    assert ASCII.fit("3 m³ \u2013 \u201céén\u201d…") == '3 m3 - "een"...'
    assert UTF8.fit("m³ 電 e\u0301\u200b") == "m³ ? é"


def test_bars() -> None:
    """A bar's length is its value's share of the width, in eighths where the terminal has them."""
    assert bars.bar(500, 1000, 10, UTF8) == "█████"
    assert bars.bar(512.5, 1000, 10, UTF8) == "█████▏"
    assert bars.bar(1, 10_000, 10, UTF8) == "▏"
    assert bars.bar(99_999, 1000, 10, UTF8) == "█" * 10
    assert bars.bar(0, 1000, 10, UTF8) == ""
    assert bars.bar(512.5, 1000, 10, ASCII) == "#####"
    assert [bars.scale_for(value) for value in (0, 1000, 1001, 2300, 17_250)] == [1000, 1000, 2000, 5000, 20_000]


def test_charts() -> None:
    """A chart is as high as asked, nothing is its lowest mark, and the unknown is blank."""
    assert bars.chart([0, 4, 8, None], 1, UTF8, highest=8) == ["▁▅█ "]
    assert bars.chart([0, 4, 8, None], 2, UTF8, highest=8) == [" ▁█ ", "▁██ "]
    assert bars.chart([0, 8], 1, ASCII, highest=8) == ["_#"]
    assert bars.chart([0, 0], 1, UTF8, highest=0) == ["▁▁"]


def test_figures() -> None:
    """Figures keep every digit; what is unknown is a dash, never nothing or nought."""
    assert amount(Decimal("10153.470"), "kWh") == "10 153.470 kWh"
    assert amount(None, "W") == amount("text", "W") == "-"
    assert [lasting(span) for span in (5, 65, 3725, timedelta(days=3, hours=4, minutes=59))] == [
        "5 s",
        "1 min 5 s",
        "1 h 2 min",
        "3 d 4 h",
    ]
    assert [size(count) for count in (999, 1000, 1_234_567, 2 * 10**12)] == ["999 B", "1.0 KB", "1.2 MB", "2.0 TB"]
    noon = datetime(2026, 11, 22, 11, tzinfo=UTC)
    assert short_stamp(noon, noon, ZONE) == "12:00"
    assert short_stamp(noon - timedelta(days=1), noon, ZONE) == "21 Nov 12:00"


def test_lines_are_cut_and_spread_by_what_is_seen() -> None:
    """Styles take no columns, and of two ends the right one gives way."""
    styled = line("ab", Span("cdef", Style.BAD))
    assert styled.width == 6
    assert styled.cut(3).ansi() == "ab\x1b[1;31mc\x1b[0m"
    assert ends(line("left"), line("right"), 12).text == "left   right"
    assert ends(line("left"), line("right"), 9).text == "left"
    assert [one.text for one in flowed([line("one"), line("two"), line("three")], 10)] == [" one  two", " three"]


def test_only_changed_lines_are_sent() -> None:
    """A screen that is the same is nothing; another size is drawn anew; a full line is not followed by an erasure."""
    canvas, terminal = Canvas(), Size(5, 2)
    assert canvas.draw([line("abcde"), line("x")], terminal) == "\x1b[0m\x1b[2J\x1b[1;1Habcde\x1b[2;1Hx\x1b[K"
    assert canvas.draw([line("abcde"), line("x")], terminal) == ""
    assert canvas.draw([line("abcde"), line("y")], terminal) == "\x1b[2;1Hy\x1b[K"
    assert canvas.draw([line("abcde"), line("y")], Size(6, 2)).startswith("\x1b[0m\x1b[2J\x1b[1;1Habcde\x1b[K")


def test_a_place_is_free_again_when_a_guest_has_gone() -> None:
    """So many guests and no more; the sentence says how many, and which setting."""
    guests = Guests(1)
    with guests.welcome("telnet", "127.0.0.1"):
        assert [guest.kind for guest, _, _ in guests.present()] == ["telnet"]
        with pytest.raises(FullError, match=r"All 1 terminals are in use.*max_sessions"), guests.welcome("ssh", "::1"):
            pass
    with guests.welcome("ssh", "::1"):
        assert len(guests.present()) == 1


async def _lines(text: str) -> AsyncIterator[str]:
    for one in text.split("\n"):
        yield one


async def test_server_sent_events() -> None:
    """Decimals stay exact, data lines are joined, comments and half an event at the end are nothing."""
    text = 'retry: 2000\n\nevent: reading\ndata: {"gas_m3":\ndata: 1.100}\n\n: here\n\nevent: live\ndata: {}\n\ndata: {'
    found = [event async for event in server_events(_lines(text))]
    assert found == [ServerEvent("reading", {"gas_m3": Decimal("1.100")}), ServerEvent("live", {})]
    assert str(found[0].data["gas_m3"]) == "1.100"


class Answering:
    """A terminal that answers a probe with what it was given."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = ""

    async def read(self) -> str:
        return self.answers.pop(0) if self.answers else ""

    def write(self, text: str) -> None:
        self.asked += text


@pytest.mark.parametrize(
    ("term", "said", "answers", "expected"),
    [
        ("xterm", None, ["\x1b[1;2R\x1b[40;120R"], (True, UTF8, Size(120, 40))),
        ("xterm", None, ["\x1b[1;3R", "q\x1b[40;120R"], (True, ASCII, Size(120, 40))),
        ("xterm", "C", ["\x1b[1;2R\x1b[40;120R"], (True, ASCII, Size(120, 40))),
        ("vt100", "nl_NL.UTF-8", [], (True, UTF8, Size())),
        ("teletype", None, [], (False, ASCII, Size())),
        ("dumb", None, ["\x1b[1;2R"], (False, ASCII, Size())),
        ("", "UTF-8", [], (False, UTF8, Size())),
    ],
)
async def test_a_terminal_tells_what_it_can(
    term: str, said: str | None, answers: list[str], expected: tuple[bool, object, Size]
) -> None:
    """What was negotiated holds, else where the cursor stands after a letter of two bytes; a dumb one is not asked."""
    can, terminal = Capabilities(), Answering(*answers)
    typed = await explore(can, term, said=said, sized=False, read=terminal.read, write=terminal.write)
    assert (can.block, can.charset, can.size) == expected
    assert typed == ("q" if "q" in "".join(answers) else "")
    assert (terminal.asked == "") is is_dumb(term)


def test_what_is_negotiated() -> None:
    """A locale or a charset's name says whether it is UTF-8; nothing says nothing."""
    assert [negotiated(name) for name in ("utf8", "en_GB.UTF-8", "C", "ISO-8859-1", "", None)] == [
        UTF8,
        UTF8,
        ASCII,
        ASCII,
        None,
        None,
    ]


def test_a_terminal_that_does_not_know_its_size_changes_nothing() -> None:
    """0 by 0 is passed over, and sizes that no terminal has are brought within bounds."""
    can = Capabilities()
    can.resize(0, 0)
    assert can.size == Size(80, 24)
    assert not can.changed.is_set()
    can.resize(65_535, 1)
    assert can.size == Size(500, 4)
    assert can.changed.is_set()
