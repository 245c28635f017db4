"""`meterkast parse`: telegrams from files or standard input to one JSON reading per line."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, TextIO
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import RejectReason
from meterkast_parser.decode import decode
from meterkast_parser.decryption import decrypt
from meterkast_parser.errors import TelegramError
from meterkast_reader.framing import Discarded, Frame, Framer, Reason

_CHUNK = 1 << 16
_DATA_LINE = re.compile(rb"\d[-%]?\d?:\d{1,3}\.\d{1,3}\.\d|\)\(|\*k")

_DISCARDED = {
    Reason.TRUNCATED: "truncated: {length} bytes of a telegram that has no end",
    Reason.TOO_LONG: "too_long: no telegram has {length} bytes and no end",
    Reason.PARITY: "malformed: {length} bytes whose parity bits are wrong",
}
_HEADLESS = "truncated: {length} bytes of a telegram whose beginning is missing"
_NOISE = "{length} bytes belong to no telegram"


@dataclass(frozen=True, kw_only=True)
class ParseOptions:
    """How telegrams are to be read."""

    gateway: str
    zone: ZoneInfo
    check_crc: bool = True
    key: bytes | None = None


class Parser:
    """Writes readings to `out` and what is wrong to `err`; `bad` counts the telegrams that gave no reading."""

    def __init__(self, options: ParseOptions, *, out: BinaryIO, err: TextIO) -> None:
        self._options = options
        self._out = out
        self._err = err
        self.bad = 0

    def parse(self, name: str, source: BinaryIO) -> None:
        """Parse one input to its end; raises OSError when it cannot be read."""
        framer = Framer()
        seen = 0
        for event in _events(framer, source):
            if isinstance(event, Frame):
                seen += 1
                self._frame(name, event)
            elif event.reason is not Reason.BLANK:
                seen += self._discarded(name, event)
        if not seen:
            self._say(name, 0, "there is no telegram in it")

    def _frame(self, name: str, frame: Frame) -> None:
        options = self._options
        try:
            data = self._plain(frame)
            reading = decode(
                data, gateway=options.gateway, received_at=None, zone=options.zone, check_crc=options.check_crc
            )
        except TelegramError as error:
            where = "" if error.position is None else f" (at byte {error.position} of the telegram)"
            self._say(name, frame.position, f"{error.reason}: {error.detail}{where}")
        else:
            self._out.write(reading.to_json() + b"\n")

    def _plain(self, frame: Frame) -> bytes:
        if not frame.ciphered:
            return frame.data
        if self._options.key is None:
            detail = "the telegram is ciphered: give the grid operator's key by --key"
            raise TelegramError(RejectReason.DECRYPTION, detail)
        return decrypt(frame.data, key=self._options.key)

    def _discarded(self, name: str, event: Discarded) -> bool:
        """Say what was discarded; whether it was a (damaged) telegram, not mere noise around one."""
        text = _DISCARDED.get(event.reason)
        if text is None and _DATA_LINE.search(event.sample):
            text = _HEADLESS
        self._say(name, event.position, (text or _NOISE).format(length=event.length), bad=text is not None)
        return text is not None

    def _say(self, name: str, offset: int, reason: str, *, bad: bool = True) -> None:
        self.bad += bad
        self._err.write(f"{name}:{offset}: {_printable(reason)}\n")


def parse_all(names: Sequence[str], options: ParseOptions) -> int:
    """Parse files (`-` is standard input) to standard output; the exit code: 1 if any telegram or file was bad."""
    out = sys.stdout.buffer
    parser = Parser(options, out=out, err=sys.stderr)
    for name in names:
        try:
            if name == "-":
                parser.parse("stdin", sys.stdin.buffer)
            else:
                with open(name, "rb") as source:  # noqa: PTH123 - the name is shown as it was given
                    parser.parse(name, source)
        except BrokenPipeError:
            raise
        except OSError as error:
            parser.bad += 1
            sys.stderr.write(f"{name}: cannot be read: {error.strerror}\n")
        out.flush()
    return 1 if parser.bad else 0


def _events(framer: Framer, source: BinaryIO) -> Iterator[Frame | Discarded]:
    read = getattr(source, "read1", source.read)
    while chunk := read(_CHUNK):
        yield from framer.feed(chunk)
    yield from framer.close()


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
