"""Telegrams on disk until the broker has acknowledged them, and for a window after that.

Plain files that only grow, 1 MB each: an append is one write of the telegram's own size, where a database would write
pages of 4 KB (ten times the wear of an SD card). A killed process loses nothing; `sync`, called about once a second,
limits what a power cut can take to that second.
"""

import fcntl
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from meterkast_runtime.errors import StartError

from meterkast_reader.segment import SUFFIX, Entry, Segment

SEGMENT_BYTES = 1 << 20
MEMORY_BYTES = 16 << 20
NOTE_EVERY_MS = 10_000
"""How often it is noted what has been acknowledged; a killed reader sends again what came after the last note."""
_SMALLEST_SEGMENT = 16 << 10


class Spool:
    """The spool of one gateway; where the disk fails it goes on in memory and says so."""

    def __init__(
        self,
        folder: Path,
        *,
        limit_bytes: int,
        window_ms: int,
        report: Callable[[str | None], None],
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._folder = folder
        self._limit = limit_bytes
        self._memory_limit = memory_bytes
        self._window_ms = window_ms
        self._report = report
        self._segments: list[Segment] = []
        self._memory: deque[Entry] = deque()
        self._memory_size = 0
        self._next = 0
        self._low = 0
        self._ahead: set[int] = set()
        self._noted = -1
        self._noted_ms = 0
        self._disk_failed = False
        self._full = False
        self._lock: int | None = None
        self.dropped = 0

    @property
    def pending(self) -> int:
        """Telegrams not acknowledged."""
        return self._next - self._low - len(self._ahead)

    @property
    def size(self) -> int:
        """Bytes on disk and in memory."""
        return sum(segment.size for segment in self._segments) + self._memory_size

    def open(self) -> None:
        """Take over what an earlier run has left; raises StartError when another process uses it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o640)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._segments = [Segment.load(path) for path in sorted(self._folder.glob(f"*{SUFFIX}"))]
        except BlockingIOError:
            self.close()
            raise StartError(
                f"another reader already uses the spool {self._folder}",
                hint="stop it, or give this gateway another name",
            ) from None
        except OSError as error:
            self._fail(error)
        if self._segments:
            self._next = self._segments[-1].end
            self._low = min(max(self._note(), self._segments[0].first), self._next)
            self._skip_gaps()
        else:
            self._next = self._low = self._note()

    def append(self, data: bytes, received_ms: int) -> Entry:
        """Keep one telegram."""
        entry = Entry(self._next, received_ms, data)
        self._next += 1
        if self._disk_failed or not self._to_disk(entry):
            self._memory.append(entry)
            self._memory_size += len(data)
            while self._memory_size > self._memory_limit:
                self._forget(self._memory.popleft())
        return entry

    def acknowledge(self, number: int) -> None:
        """The broker has this telegram."""
        if number < self._low:
            return
        self._ahead.add(number)
        while self._low in self._ahead:
            self._ahead.discard(self._low)
            self._low += 1

    def unsent(self, skip: Callable[[int], bool]) -> Iterator[Entry]:
        """The telegrams not acknowledged, oldest first, less those to skip; more may be appended meanwhile."""
        for segment in list(self._segments):
            if segment.end > self._low:
                with suppress(FileNotFoundError):
                    yield from (entry for entry in segment.entries() if self._open_entry(entry, skip))
        yield from (entry for entry in list(self._memory) if self._open_entry(entry, skip))

    def rewind(self, since_ms: int) -> int:
        """Count all telegrams received since then as not acknowledged; gives their number."""
        for segment in self._segments:
            if segment.newest_ms >= since_ms:
                first = next(
                    (entry.number for entry in segment.entries() if entry.received_ms >= since_ms), segment.end
                )
                before = self.pending
                self._ahead = {number for number in self._ahead if number < first}
                self._low = min(self._low, first)
                self._skip_gaps()
                return self.pending - before
        return 0

    def tidy(self, now_ms: int) -> None:
        """Remove what is acknowledged and older than the window, and what exceeds the limit; note how far we are."""
        while self._segments:
            oldest = self._segments[0]
            sent = oldest.end <= self._low and oldest.newest_ms < now_ms - self._window_ms
            if not sent and self.size <= self._limit:
                break
            if oldest.end > self._low:
                self._lose(oldest)
            self._segments.pop(0).remove()
        while self._memory and self._memory[0].number < self._low:
            self._memory_size -= len(self._memory.popleft().data)
        if self._full and not self.pending:
            self._full = False
            self._report(None)
        if self._noted != self._low and now_ms - self._noted_ms >= NOTE_EVERY_MS and not self._disk_failed:
            self._noted_ms = now_ms
            try:
                self._write_note()
            except OSError as error:
                self._fail(error)

    def retry_disk(self) -> None:
        """Try the disk again after it failed."""
        if self._disk_failed and self._lock is not None:
            self._disk_failed = False
            try:
                self._write_note()
            except OSError as error:
                self._fail(error)
            else:
                self._report(None)

    def sync(self) -> None:
        """Have the newest telegrams written to the medium; may be called from another thread."""
        if self._segments and not self._disk_failed:
            with suppress(OSError):
                self._segments[-1].sync()

    def close(self) -> None:
        """Note how far we are and let go of the files."""
        if not self._disk_failed and self._lock is not None:
            with suppress(OSError):
                self._write_note()
        for segment in self._segments:
            segment.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _skip_gaps(self) -> None:
        """Numbers neither on disk nor in memory, lost with a damaged file or a process, are done with."""
        here = {entry.number for entry in self._memory}
        for before, after in pairwise(self._segments):
            for number in range(max(before.end, self._low), after.first):
                if number not in here:
                    self.acknowledge(number)

    def _open_entry(self, entry: Entry, skip: Callable[[int], bool]) -> bool:
        return entry.number >= self._low and entry.number not in self._ahead and not skip(entry.number)

    def _to_disk(self, entry: Entry) -> bool:
        segment_bytes = min(SEGMENT_BYTES, max(self._limit // 16, _SMALLEST_SEGMENT))
        try:
            last = self._segments[-1] if self._segments else None
            if last is None or last.size >= segment_bytes or last.end != entry.number:
                if last is not None:
                    last.sync()
                    last.close()
                fresh = Segment(self._folder, entry.number)
                fresh.append(entry)
                self._segments.append(fresh)
            else:
                last.append(entry)
        except OSError as error:
            self._fail(error)
            return False
        return True

    def _fail(self, error: OSError) -> None:
        if not self._disk_failed:
            self._disk_failed = True
            self._report(
                f"telegrams cannot be kept in {self._folder} ({error.strerror or error}) and wait in memory only: "
                "free some space, or set data_dir to a folder that can be written"
            )

    def _lose(self, segment: Segment) -> None:
        lost = [entry.number for entry in segment.entries() if self._open_entry(entry, lambda _: False)]
        self.dropped += len(lost)
        self._full = True
        self._report(
            f"the spool {self._folder} is full: the oldest telegrams are dropped, {self.dropped} so far; "
            "bring the broker back, or raise reader.spool_mb"
        )
        for number in lost:
            self.acknowledge(number)

    def _forget(self, entry: Entry) -> None:
        self._memory_size -= len(entry.data)
        if self._open_entry(entry, lambda _: False):
            self.dropped += 1
            self.acknowledge(entry.number)

    def _note(self) -> int:
        try:
            return int((self._folder / "acknowledged").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0

    def _write_note(self) -> None:
        fresh = self._folder / "acknowledged.new"
        fresh.write_text(str(self._low), encoding="ascii")
        fresh.replace(self._folder / "acknowledged")
        self._noted = self._low
