"""A framed telegram taken apart: checksum, identification, data lines (IEC 62056-21, DSMR 5.0.2 P1 §6.2)."""

from dataclasses import dataclass
from string import hexdigits

from fastcrc import crc16
from meterkast_contracts.messages import RejectReason

from meterkast_parser.errors import TelegramError

_HEX = frozenset(hexdigits)


@dataclass(frozen=True, slots=True)
class Telegram:
    """The identification without `/`, and the lines between it and `!`, continuation lines joined to theirs."""

    identification: str
    lines: list[str]
    checked: bool


def split_telegram(raw: bytes, *, check_crc: bool = True) -> Telegram:
    """Split a telegram of `/` to `!CRC`; raise TelegramError when it is cut, damaged or empty."""
    end = raw.find(b"\n!") + 1
    if not raw.startswith(b"/") or not end:
        missing = "end mark '!'" if raw.startswith(b"/") else "identification line '/…'"
        raise TelegramError(
            RejectReason.TRUNCATED, f"the {missing} is missing", position=len(raw) if raw[:1] == b"/" else 0
        )
    checked = check_crc and _crc_holds(raw, end)
    text = raw[1:end].decode("latin-1")
    lines = text.split("\r\n") if text.count("\n") == text.count("\r\n") else text.replace("\r", "").split("\n")
    identification = lines[0]
    data = [line for line in lines[1:] if line]
    if not data:
        raise TelegramError(RejectReason.EMPTY, "no data line stands between identification and '!'", position=end)
    if any(line[-1] != ")" or line[0] == "(" for line in data):
        data = _join_continuations(data)
    return Telegram(identification, data, checked)


def _crc_holds(raw: bytes, end: int) -> bool:
    """Return whether a CRC vouches for the telegram, False when it has none; raise when it says otherwise."""
    stated = raw[end + 1 : end + 8].split(b"\n", 1)[0].strip().decode("latin-1")
    if not stated:
        return False
    computed = crc16.arc(raw[: end + 1])
    if len(stated) <= 4 and _HEX.issuperset(stated) and int(stated, 16) == computed:  # noqa: PLR2004
        return True
    raise TelegramError(RejectReason.CRC, f"checksum is {computed:04X}, the telegram says {stated!r}", position=end + 1)


def _join_continuations(lines: list[str]) -> list[str]:
    joined: list[str] = []
    for line in lines:
        if joined and (line[0] == "(" or joined[-1].count("(") > joined[-1].count(")")):
            joined[-1] += line
        else:
            joined.append(line)
    return joined
