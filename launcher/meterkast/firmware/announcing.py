"""An update announced to gateways, and watched until each has it or has given it up."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum

import orjson
from meterkast_contracts.firmware import update_of
from meterkast_contracts.topics import Command

from meterkast.errors import LauncherError
from meterkast.firmware.devices import Device, Devices

TIMEOUT_S = 900
"""A download between telegrams, a trial of at most five minutes, and a restart back."""


class Outcome(StrEnum):
    """How it stands with one gateway."""

    WAITING = "waiting"
    DONE = "has it"
    REFUSED = "refused"
    FAILED = "failed"
    ROLLED_BACK = "rolled back"
    SILENT = "did not answer in time"


_ENDS = {"refused": Outcome.REFUSED, "failed": Outcome.FAILED, "rolled back": Outcome.ROLLED_BACK}


@dataclass(slots=True)
class Watched:
    """One gateway on its way to a version."""

    device: Device
    version: str
    before: str | None
    outcome: Outcome = Outcome.WAITING
    sentence: str = ""

    def look(self) -> bool:
        """Judge what it said last; whether something is new."""
        info = self.device.info
        if info is None or self.outcome is not Outcome.WAITING:
            return False
        said = info.update or ""
        found = update_of(info.update)
        if info.version == self.version and (found is None or found[:2] == (self.version, "installed")):
            self.outcome, self.sentence = (
                Outcome.DONE,
                f"runs {self.version}" + (f", slot {info.slot}" if info.slot else ""),
            )
            return True
        if said in (self.before or "", self.sentence):
            return False
        self.before, self.sentence = None, said
        if found and found[0] in (self.version, "?") and found[1] in _ENDS:
            self.outcome = _ENDS[found[1]]
        return True


@dataclass(slots=True)
class Announcement:
    """Sends the order to every gateway and says what becomes of it, a line each time."""

    version: str
    url: str
    timeout_s: float = TIMEOUT_S
    say: Callable[[str], None] = print
    watched: dict[str, Watched] = field(default_factory=dict)

    async def run(self, devices: Devices, names: Collection[str]) -> bool:
        """Announce to these, or to all that take the order; whether all have it. Raises LauncherError."""
        await devices.settle()
        for name in self._chosen(devices, names):
            device = devices.known[name]
            self.watched[name] = watched = Watched(device, self.version, device.info.update if device.info else None)
            if watched.look() and watched.outcome is Outcome.DONE:
                self._tell(watched)
                continue
            await devices.order(name, Command.UPDATE, orjson.dumps({"url": self.url, "version": self.version}))
            self.say(f"{name}: told of {self.version}")
        try:
            async with asyncio.timeout(self.timeout_s):
                await self._watch(devices)
        except TimeoutError:
            for watched in self._waiting():
                watched.outcome = Outcome.SILENT
                self._tell(watched)
        return all(watched.outcome is Outcome.DONE for watched in self.watched.values())

    def _chosen(self, devices: Devices, names: Collection[str]) -> list[str]:
        if unknown := [name for name in names if name not in devices.known]:
            known = ", ".join(sorted(devices.known)) or "none has said anything yet"
            raise LauncherError(f"the broker knows no gateway {', '.join(unknown)}", hint=f"known: {known}")
        able = {
            name for name, device in devices.known.items() if device.info and Command.UPDATE in device.info.commands
        }
        chosen = sorted(names or able)
        if not chosen:
            raise LauncherError("no gateway that the broker knows can be updated", hint="is its firmware running?")
        if unable := sorted(set(chosen) - able):
            raise LauncherError(f"{', '.join(unable)} cannot be updated over the air: it is no Meterkast firmware")
        if away := [name for name in names if not devices.known[name].online]:
            raise LauncherError(f"{', '.join(away)} is offline", hint="meterkast doctor --gateway NAME says more")
        return [name for name in chosen if devices.known[name].online]

    async def _watch(self, devices: Devices) -> None:
        if not self._waiting():
            return
        async for device in devices.changed():
            watched = self.watched.get(device.name)
            if watched and watched.look():
                self._tell(watched)
            if not self._waiting():
                return

    def _waiting(self) -> list[Watched]:
        return [watched for watched in self.watched.values() if watched.outcome is Outcome.WAITING]

    def _tell(self, watched: Watched) -> None:
        state = "" if watched.outcome is Outcome.WAITING else f"{watched.outcome}: "
        self.say(f"{watched.device.name}: {state}{watched.sentence or 'nothing was heard of it'}")
