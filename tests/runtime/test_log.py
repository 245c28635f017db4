"""The log as people and programs get it."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from meterkast_runtime.log import LogSection, configure_logging, get_logger


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave logging as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


def test_json_holds_the_sentence_and_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON an event is one line with level, part, time and values."""
    configure_logging(LogSection(format="json"))
    get_logger("reader").warning("the port %s is gone", "ttyUSB0", gateway="home")
    line = json.loads(capsys.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "the port ttyUSB0 is gone", "gateway": "home", "level": "warning", "part": "reader"}


def test_away_from_a_terminal_the_log_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """`auto` means JSON where no terminal listens."""
    configure_logging()
    get_logger("reader").info("up")
    assert json.loads(capsys.readouterr().err)["event"] == "up"


def test_the_console_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """On the console the sentence stands as it is."""
    configure_logging(LogSection(format="console"))
    get_logger("reader").info("the port is there", gateway="home")
    printed = capsys.readouterr().err
    assert "the port is there" in printed
    assert "gateway=home" in printed


def test_the_level_holds_back_what_is_below(capsys: pytest.CaptureFixture[str]) -> None:
    """With level warning, info is not written."""
    configure_logging(LogSection(level="warning"))
    get_logger("reader").info("up")
    assert capsys.readouterr().err == ""


def test_libraries_write_in_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings of libraries come in the same form, their debug noise does not come."""
    configure_logging(LogSection(format="json", level="debug"))
    logging.getLogger("library").warning("careful: %s", "hot")
    logging.getLogger("library").debug("noise")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["part"], line["level"]) == ("careful: hot", "library", "warning")


def test_an_exception_is_within_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON a traceback stays within its event's line."""
    configure_logging(LogSection(format="json"))
    get_logger("reader").error("failed", exc_info=ZeroDivisionError("by nought"))
    (line,) = capsys.readouterr().err.splitlines()
    assert "ZeroDivisionError: by nought" in json.loads(line)["exception"]


def test_an_exception_on_the_console_shows_no_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback for people holds the lines and not the values of variables, among which a password may be."""
    configure_logging(LogSection(format="console"))

    def log_in(password: str) -> None:
        raise RuntimeError(f"a password of {len(password)} letters is refused")

    secret = str(2**40)
    try:
        log_in(secret)
    except RuntimeError:
        get_logger("reader").exception("it failed")
    written = capsys.readouterr().err
    assert "RuntimeError: a password of 13 letters is refused" in written
    assert secret not in written
