"""Where telegrams come from, by URL."""

from pathlib import Path
from zoneinfo import ZoneInfo

from meterkast_contracts.topics import check_gateway

from meterkast_reader.sources.replay import ReplaySource
from meterkast_reader.sources.serial_port import LineMemory, SerialSource
from meterkast_reader.sources.simulated import SimulatorSource
from meterkast_reader.sources.source import Chunk, Report, Source
from meterkast_reader.sources.tcp import TcpSource
from meterkast_reader.sources.url import EXAMPLES, SourceError, SourceUrl, parse_url

__all__ = ["EXAMPLES", "Chunk", "Report", "Source", "SourceError", "SourceUrl", "open_sources", "parse_url"]


def open_sources(url: str, gateway: str, *, data_dir: Path, zone: ZoneInfo) -> list[tuple[str, Source]]:
    """The sources that a URL stands for, each with its gateway's name; raises SourceError, TopicError.

    A simulator of several meters gives `home`, `home-2`, `home-3`…
    """
    parsed = parse_url(url)
    check_gateway(gateway)
    match parsed.scheme:
        case "socket":
            return [(gateway, TcpSource(parsed))]
        case "replay":
            return [(gateway, ReplaySource(parsed, zone))]
        case "simulator":
            count = parsed.whole("gateways", 1, least=1)
            names = [gateway, *(f"{gateway}-{number}" for number in range(2, count + 1))]
            return [(name, SimulatorSource(parsed, number=number)) for number, name in enumerate(names)]
        case _:
            return [(gateway, SerialSource(parsed, LineMemory(data_dir / "lines.json")))]
