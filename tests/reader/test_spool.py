import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meterkast_reader.segment import SUFFIX
from meterkast_reader.spool import Spool
from meterkast_runtime.errors import StartError

WINDOW_MS = 1000


class Reports(list[str | None]):
    """Collects what a spool says."""


@contextmanager
def spool(
    folder: Path, *, limit: int = 1 << 20, reports: Reports | None = None, memory: int = 1 << 20
) -> Iterator[Spool]:
    """An open spool in a folder."""
    report = reports.append if reports is not None else (lambda _: None)
    one = Spool(folder, limit_bytes=limit, window_ms=WINDOW_MS, report=report, memory_bytes=memory)
    one.open()
    try:
        yield one
    finally:
        one.close()


def unsent(one: Spool, skip: Callable[[int], bool] = lambda _: False) -> list[bytes]:
    return [entry.data for entry in one.unsent(skip)]


def abandoned(folder: Path, telegrams: list[bytes]) -> None:
    """What a killed process leaves behind: no close, no note of how far it was."""
    one = Spool(folder, limit_bytes=1 << 20, window_ms=WINDOW_MS, report=lambda _: None)
    one.open()
    for number, telegram in enumerate(telegrams):
        one.append(telegram, number)
    os.close(one._lock or 0)  # noqa: SLF001 - the system does this for a dead process
    one._lock = None  # noqa: SLF001


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    """What was appended is there after a start, in order, with its receive time."""
    abandoned(tmp_path, [b"one", b"two", b"three"])
    with spool(tmp_path) as one:
        assert [(entry.number, entry.received_ms, entry.data) for entry in one.unsent(lambda _: False)] == [
            (0, 0, b"one"), (1, 1, b"two"), (2, 2, b"three"),
        ]  # fmt: skip
        assert one.pending == 3
        assert one.append(b"four", 3).number == 3


def test_acknowledged_telegrams_are_not_sent_again(tmp_path: Path) -> None:
    """Acknowledgements in any order count, also over a restart."""
    with spool(tmp_path) as one:
        for number in range(5):
            one.append(b"%d" % number, number)
        for number in (0, 3, 1):
            one.acknowledge(number)
        assert unsent(one) == [b"2", b"4"]
        assert unsent(one, {2}.__contains__) == [b"4"]
        assert one.pending == 2
    with spool(tmp_path) as one:
        assert unsent(one) == [b"2", b"3", b"4"]


@pytest.mark.parametrize("damage", [b"\x00" * 7, b"\xff" * 300, b"\x03\x00\x00\x00" + b"x" * 20])
def test_damaged_tail_is_cut_off(tmp_path: Path, damage: bytes) -> None:
    """What a power cut has left half written at the end costs only itself."""
    abandoned(tmp_path, [b"one", b"two"])
    (file,) = tmp_path.glob(f"*{SUFFIX}")
    with file.open("ab") as end:
        end.write(damage)
    with spool(tmp_path) as one:
        assert unsent(one) == [b"one", b"two"]
        one.append(b"three", 5)
    with spool(tmp_path) as one:
        assert unsent(one) == [b"one", b"two", b"three"]


def test_full_spool_drops_the_oldest_and_says_so(tmp_path: Path) -> None:
    """At its limit the oldest telegrams go, counted and said once; when all is delivered, that is said too."""
    reports = Reports()
    with spool(tmp_path, limit=100_000, reports=reports) as one:
        for number in range(300):
            one.append(b"%04d" % number * 250, number)
            one.tidy(10**6)
        left = unsent(one)
        assert one.size <= 101_100
        assert one.dropped == 300 - len(left) > 0
        assert left[-1] == b"0299" * 250
        assert left[0] == b"%04d" % one.dropped * 250
        assert f"{one.dropped} so far" in str(reports[-1])
        for entry in list(one.unsent(lambda _: False)):
            one.acknowledge(entry.number)
        one.tidy(10**6)
        assert reports[-1] is None
        assert one.size == 0


def test_window_of_sent_telegrams_is_kept_and_sent_again(tmp_path: Path) -> None:
    """Sent telegrams stay for the window; rewinding makes those received since then unsent, and no others."""
    with spool(tmp_path, limit=1 << 20) as one:
        for number in range(10):
            one.append(b"%d" % number, number * 200)
            one.acknowledge(number)
        one.tidy(1800)
        assert unsent(one) == []
        assert one.rewind(1000) == 5
        assert unsent(one) == [b"5", b"6", b"7", b"8", b"9"]
        assert one.rewind(10_000) == 0
        for number in range(5, 10):
            one.acknowledge(number)
        one.tidy(1800 + WINDOW_MS + 1)
        assert one.size == 0
    with spool(tmp_path) as one:
        assert one.append(b"next", 0).number == 10


def test_window_outlives_the_process(tmp_path: Path) -> None:
    """The window is on disk: it can be sent again after reader and broker were both restarted."""
    with spool(tmp_path) as one:
        one.append(b"sent", 500)
        one.acknowledge(0)
    with spool(tmp_path) as one:
        assert one.pending == 0
        assert one.rewind(0) == 1
        assert unsent(one) == [b"sent"]


def test_folder_that_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    """Without a usable folder telegrams wait in memory, bounded and counted, and one sentence says so."""
    (tmp_path / "spool").write_text("a file where the folder should be")
    reports = Reports()
    with spool(tmp_path / "spool", reports=reports, memory=1000) as one:
        for number in range(30):
            one.append(b"%02d" % number * 50, number)
        assert unsent(one) == [b"%02d" % number * 50 for number in range(20, 30)]
        assert one.dropped == 20
        one.acknowledge(20)
        one.tidy(0)
        assert len(unsent(one)) == 9
    (sentence,) = reports
    assert "wait in memory only: free some space, or set data_dir" in str(sentence)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_full_disk_is_survived(tmp_path: Path) -> None:
    """When the disk fills, telegrams wait in memory; when it has room again, they go to disk again; none is lost."""
    reports = Reports()
    with spool(tmp_path, reports=reports) as one:
        one.append(b"one", 1)
        full = os.open("/dev/full", os.O_WRONLY)
        file = one._segments[-1]._fd or 0  # noqa: SLF001 - the disk behind the open file becomes full
        room = os.dup(file)
        os.dup2(full, file)
        one.append(b"two", 2)
        assert "No space left on device" in str(reports[-1])
        os.dup2(room, file)
        one.retry_disk()
        assert reports[-1] is None
        one.append(b"three", 3)
        assert sorted(unsent(one)) == [b"one", b"three", b"two"]
        os.close(full)
        os.close(room)
    with spool(tmp_path) as one:
        assert unsent(one) == [b"one", b"three"]
        for entry in list(one.unsent(lambda _: False)):
            one.acknowledge(entry.number)
        assert one.pending == 0


def test_one_spool_one_process(tmp_path: Path) -> None:
    """A second reader of the same gateway is refused with a hint."""
    with spool(tmp_path), pytest.raises(StartError, match="already uses the spool"), spool(tmp_path):
        pass


def test_appending_is_cheap(tmp_path: Path) -> None:
    """Ten thousand telegrams of 1 KB take well under a tenth of a millisecond each."""
    with spool(tmp_path, limit=1 << 30) as one:
        began = time.process_time()
        for number in range(10_000):
            one.append(b"x" * 1000, number)
            one.acknowledge(number)
        assert (time.process_time() - began) / 10_000 < 0.0005


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 3000)),
        st.tuples(st.just("acknowledge"), st.integers(0, 30)),
        st.tuples(st.just("tidy"), st.integers(0, 40_000)),
        st.tuples(st.just("rewind"), st.integers(0, 40_000)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_whatever_happens_nothing_unacknowledged_is_lost(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """Appending, acknowledging, tidying, rewinding and restarting in any order keeps every unacknowledged telegram."""
    folder = tmp_path_factory.mktemp("spool")
    waiting: dict[int, bytes] = {}
    now = 0
    one = Spool(folder, limit_bytes=1 << 20, window_ms=WINDOW_MS, report=lambda _: None)
    one.open()
    for step, value in steps:
        now += 500
        if step == "append":
            entry = one.append(b"%d " % now * (value // 10 + 1), now)
            waiting[entry.number] = entry.data
        elif step == "acknowledge" and value in waiting:
            one.acknowledge(value)
            del waiting[value]
        elif step == "tidy":
            one.tidy(value)
        elif step == "rewind":
            one.rewind(value)
        elif step == "restart":
            one.close()
            one = Spool(folder, limit_bytes=1 << 20, window_ms=WINDOW_MS, report=lambda _: None)
            one.open()
        assert set(waiting.values()) <= set(unsent(one))
        assert one.pending == len(unsent(one))
    one.close()
