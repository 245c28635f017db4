"""A visit to one port: listen, then say what was found."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from meterkast_reader.sources import Source, SourceUrl, open_sources, parse_url

from meterkast.doctor.device import examine
from meterkast.doctor.diagnosis import Diagnosis, Finding, diagnose
from meterkast.doctor.observation import Observation

SERIAL = frozenset({"serial", "rfc2217"})
_ENOUGH_GOOD = 3
_ENOUGH = 6


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of it."""

    source: str
    line: str | None
    seen: Observation
    diagnosis: Diagnosis


async def visit(url: str, seen: Observation, *, seconds: float, data_dir: Path) -> Visit:
    """Listen until it is clear what is the matter, at most so long; raises SourceError for a URL that is none."""
    parsed = parse_url(url)
    if parsed.scheme == "serial" and (found := examine(parsed.target)):
        return Visit(parsed.target, None, seen, found)
    _, source = open_sources(url, "doctor", data_dir=data_dir, zone=seen.zone)[0]
    trouble: list[str] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await _listen(source, seen, trouble)
    return Visit(url, source.line, seen, _conclusion(parsed, seen, trouble, seconds))


async def _listen(source: Source, seen: Observation, trouble: list[str]) -> None:
    """Feed the observation until it is enough or the connection breaks."""
    now = asyncio.get_running_loop().time
    async with contextlib.aclosing(source.read(_noting(trouble))) as chunks:
        async for chunk in chunks:
            if chunk.gap:
                seen.interrupt()
                if trouble:
                    return
            else:
                seen.feed(chunk.data, now() if chunk.received_ms is None else chunk.received_ms / 1000)
            if seen.good >= _ENOUGH_GOOD == seen.telegrams or seen.telegrams >= _ENOUGH or seen.inverted:
                return


def _noting(trouble: list[str]) -> Callable[[str | None], None]:
    def note(sentence: str | None) -> None:
        trouble.clear()
        if sentence:
            trouble.append(sentence)

    return note


def _conclusion(parsed: SourceUrl, seen: Observation, trouble: list[str], seconds: float) -> Diagnosis:
    if trouble and not seen.good:
        sentence = f"{trouble[0][:1].upper()}{trouble[0][1:]}."
        finding = Finding.LOST if seen.bytes_seen else Finding.UNREACHABLE
        return Diagnosis(finding, sentence)
    return diagnose(seen, serial=parsed.scheme in SERIAL, seconds=seconds)
