"""`meterkast doctor --gateway`: a while of listening to one gateway over MQTT, and what came of it."""

import asyncio
import sys

from meterkast_contracts.messages import DeviceInfo
from meterkast_runtime.mqtt import MqttSettings
from meterkast_runtime.settings import Settings, load_settings

from meterkast.doctor.gateway_diagnosis import GatewaySeen, diagnose_gateway
from meterkast.firmware.devices import Device, devices
from meterkast.greeting import broker_of
from meterkast.quiet import quiet

SOMETHING_WRONG = 1
_ENOUGH_TELEGRAMS = 3
_LEAST_S = 3.0


def run_gateway_doctor(broker: str | None, name: str, seconds: float) -> int:
    """Listen, and print what is the matter; the exit code: 0 all is well, 1 something is to be done."""
    quiet()
    overrides = {"mqtt": broker_of(broker)} if broker else {}
    settings = load_settings(Settings, overrides=overrides).mqtt
    where = f"{settings.host}:{settings.port}"
    sys.stdout.write(f"Listening to {name} on {where} for up to {seconds:.0f} seconds…\n")
    sys.stdout.flush()
    seen = asyncio.run(watch(settings, name, seconds))
    sys.stdout.write(text(seen))
    return SOMETHING_WRONG if any(not trouble.harmless for trouble in diagnose_gateway(seen)) else 0


async def watch(settings: MqttSettings, name: str, seconds: float) -> GatewaySeen:
    """Listen until it is clear that telegrams come, at most so long; raises LauncherError without a broker."""
    now = asyncio.get_running_loop().time
    began = now()
    async with devices(settings, telegrams=True) as heard:
        try:
            async with asyncio.timeout(seconds):
                async for device in heard.changed():
                    if device.name == name and _enough(device) and now() - began > min(_LEAST_S, seconds / 2):
                        break
        except TimeoutError:
            pass
        device = heard.known.get(name, Device(name))
        others = tuple(sorted(heard.known.keys() - {name}))
    seen = GatewaySeen(name, now() - began, device.online, telegrams=device.telegrams, known=others)
    if device.said:
        seen.first, seen.last = device.said[0], device.said[-1]
    return seen


def _enough(device: Device) -> bool:
    return device.telegrams >= _ENOUGH_TELEGRAMS and bool(device.said)


def text(seen: GatewaySeen) -> str:
    """What was seen, what is the matter, what to do."""
    lines = [f"  {name:<10}{value}" for name, value in _facts(seen).items() if value]
    troubles = diagnose_gateway(seen)
    if not troubles:
        lines.append(f"OK: All is well: {seen.telegrams} telegrams in {seen.seconds:.0f} seconds.")
    for trouble in troubles:
        lines.append(f"{'NOTE' if trouble.harmless else 'PROBLEM'}: {trouble.sentence}")
        lines += [f"  - {step}" for step in trouble.advice]
    return "\n".join((*lines, ""))


def _facts(seen: GatewaySeen) -> dict[str, str | None]:
    facts: dict[str, str | None] = {"status": {True: "online", False: "offline", None: None}[seen.online]}
    if (last := seen.last) is not None:
        facts |= _said(last)
    if seen.telegrams:
        facts["telegrams"] = f"{seen.telegrams} in {seen.seconds:.0f} s"
    return facts


def _said(last: DeviceInfo) -> dict[str, str | None]:
    slot = f", slot {last.slot}" if last.slot else ""
    cause = f", started by {last.reset_cause}" if last.reset_cause else ""
    return {
        "version": f"{last.version}{slot}",
        "up": f"{last.uptime_s} s{cause}",
        "address": last.address,
        "signal": None if last.signal_dbm is None else f"{last.signal_dbm} dBm",
        "line": last.line,
        "counters": ", ".join(f"{name} {count}" for name, count in last.counters.items()),
        "update": last.update,
        "answer": last.answer,
    }
