"""From what a gateway says over MQTT to what is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from meterkast_contracts.firmware import update_of
from meterkast_contracts.messages import DeviceInfo

from meterkast.doctor.gateway_findings import ADVICE, HARMLESS, GatewayFinding

FIRMWARE_SOURCE = "esp01"
WEAK_DBM, POOR_DBM = -75, -82
FEW_ERRORS = 0.02
FEW_DROPPED = 0.01
LITTLE_HEAP = 2048
_BAD_CAUSES = ("watchdog", "exception", "crash", "brown")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is the matter, in one sentence."""

    finding: GatewayFinding
    sentence: str

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do, one step each."""
        return ADVICE[self.finding]

    @property
    def harmless(self) -> bool:
        """Whether nothing needs to be done."""
        return self.finding in HARMLESS


@dataclass(slots=True)
class GatewaySeen:
    """What was heard of one gateway while listening: the oldest and the newest device message, and telegrams."""

    name: str
    seconds: float
    online: bool | None = None
    first: DeviceInfo | None = None
    last: DeviceInfo | None = None
    telegrams: int = 0
    known: tuple[str, ...] = field(default=())

    def risen(self, counter: str) -> int:
        """By how much a counter rose while listening."""
        if self.first is None or self.last is None:
            return 0
        return max(self.last.counters.get(counter, 0) - self.first.counters.get(counter, 0), 0)

    @property
    def restarted(self) -> bool:
        """Whether it started anew while listening."""
        return self.first is not None and self.last is not None and self.last.uptime_s < self.first.uptime_s


def diagnose_gateway(seen: GatewaySeen) -> list[Trouble]:
    """Everything that is the matter, the worst first; nothing where all is well."""
    if seen.online is None and seen.last is None:
        others = f"; it knows {', '.join(seen.known)}" if seen.known else ", nor any other"
        return [Trouble(GatewayFinding.NEVER_SEEN, f"The broker has never heard of {seen.name}{others}.")]
    if not seen.online:
        return [Trouble(GatewayFinding.OFFLINE, _offline(seen)), *_update(seen.last)]
    if seen.last is None:
        return [Trouble(GatewayFinding.SILENT, f"{seen.name} is online, but says nothing of itself.")]
    return [*_port(seen, seen.last), *_life(seen, seen.last), *_update(seen.last), *_radio(seen, seen.last)]


def _offline(seen: GatewaySeen) -> str:
    last = seen.last
    sentence = f"{seen.name} is offline: the broker has lost it."
    if last is None:
        return sentence
    at = f" at {last.address}" if last.address else ""
    signal = f" with {last.signal_dbm} dBm" if last.signal_dbm is not None else ""
    return f"{sentence} What it said last: {last.version}{at}{signal}, up for {_span(last.uptime_s)}."


def _port(seen: GatewaySeen, last: DeviceInfo) -> Iterator[Trouble]:
    if seen.telegrams == 0 and seen.risen("telegrams") == 0:
        bad = seen.risen("crc_errors")
        if not bad:
            line = f" (it listens at {last.line})" if last.line else ""
            since = "" if last.counters.get("telegrams") else ", nor since it started"
            words = f"{seen.name} is online, but no telegram came in {seen.seconds:.0f} seconds{since}{line}."
            yield Trouble(GatewayFinding.NO_TELEGRAMS, words)
            return
    good, bad = last.counters.get("telegrams", 0), last.counters.get("crc_errors", 0)
    new_good, new_bad = max(seen.risen("telegrams"), seen.telegrams), seen.risen("crc_errors")
    if new_bad and new_bad > FEW_ERRORS * (new_good + new_bad):
        words = f"{new_bad} of {new_good + new_bad} telegrams arrived damaged while listening ({bad} since its start)."
        yield Trouble(GatewayFinding.CRC_ERRORS, words)
    elif bad > FEW_ERRORS * (good + bad):
        yield Trouble(GatewayFinding.CRC_ERRORS, f"{bad} of {good + bad} telegrams since its start arrived damaged.")


def _life(seen: GatewaySeen, last: DeviceInfo) -> Iterator[Trouble]:
    cause = last.reset_cause or "unknown"
    if seen.restarted:
        yield Trouble(GatewayFinding.RESTARTING, f"{seen.name} started anew while listening (cause: {cause}).")
    elif any(word in cause.lower() for word in _BAD_CAUSES):
        ago = _span(last.uptime_s)
        yield Trouble(GatewayFinding.RESTARTING, f"{seen.name} last started because of {cause}, {ago} ago.")
    heap = last.counters.get("free_heap_bytes")
    if heap is not None and heap < LITTLE_HEAP:
        yield Trouble(GatewayFinding.LITTLE_MEMORY, f"Only {heap} bytes of its memory are free.")


def _update(last: DeviceInfo | None) -> Iterator[Trouble]:
    found = update_of(last.update) if last else None
    if found is None:
        return
    version, state, why = found
    reason = f": {why}" if why else ""
    match state:
        case "rolled back":
            yield Trouble(GatewayFinding.ROLLED_BACK, f"Its update to {version} was rolled back{reason}.")
        case "refused" | "failed":
            yield Trouble(GatewayFinding.UPDATE_FAILED, f"Its update to {version} {_PAST[state]}{reason}.")
        case "trial":
            yield Trouble(GatewayFinding.ON_TRIAL, f"It tries {version}.")


_PAST = {"refused": "was refused", "failed": "failed"}


def _radio(seen: GatewaySeen, last: DeviceInfo) -> Iterator[Trouble]:
    dropped, more = last.counters.get("dropped", 0), seen.risen("dropped")
    if more or dropped > FEW_DROPPED * (last.counters.get("telegrams", 0) + dropped):
        since = f", {more} of them while listening" if more else ""
        yield Trouble(GatewayFinding.DROPPED, f"It dropped {dropped} telegrams that it could not send{since}.")
    if last.signal_dbm is not None and last.signal_dbm <= WEAK_DBM:
        how = "so weak that it hardly works" if last.signal_dbm <= POOR_DBM else "weak"
        yield Trouble(GatewayFinding.WEAK_WIFI, f"Its WiFi is {how}: {last.signal_dbm} dBm.")


def _span(seconds: int) -> str:
    for size, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{seconds} seconds"
