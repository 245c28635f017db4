"""What a device says: its messages over MQTT, or its bytes over a serial line."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime

from meterkast_contracts.messages import DeviceInfo
from meterkast_runtime.mqtt import MqttSettings

from meterkast.doctor.device import examine
from meterkast.errors import LauncherError
from meterkast.firmware.devices import Device, devices
from meterkast.firmware.tools import program

LOADER_BAUD = 74_880
"""At which an ESP8266's boot loader says why it starts."""


def serial(port: str, baud: int) -> int:
    """Show a serial line until Ctrl-]; the exit code of the program that does it."""
    if found := examine(port):
        raise LauncherError(found.sentence.rstrip("."), hint=found.advice[0] if found.advice else None)
    miniterm = program("pyserial-miniterm")
    command = [miniterm, "--raw", "--eol", "CRLF", "--rts", "0", "--dtr", "0", port, str(baud)]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - a program of the extra, no shell


async def messages(settings: MqttSettings, names: list[str]) -> None:
    """Write a line for each thing a gateway says anew, for ever."""
    seen: dict[str, tuple[bool | None, DeviceInfo | None]] = {}
    async with devices(settings, names) as heard:
        async for device in heard.changed():
            for line in changes(device, *seen.get(device.name, (None, None))):
                sys.stdout.write(f"{datetime.now().astimezone():%H:%M:%S} {device.name}: {line}\n")
            sys.stdout.flush()
            seen[device.name] = (device.online, device.info)


def changes(device: Device, was_online: bool | None, before: DeviceInfo | None) -> Iterator[str]:  # noqa: FBT001 - what it was
    """What differs from before, in words."""
    if device.online is not None and device.online is not was_online:
        yield "online" if device.online else "offline"
    now = device.info
    if now is None or now == before:
        return
    if before is None or now.uptime_s < before.uptime_s or now.slot != before.slot:
        cause = f", started by {now.reset_cause}" if now.reset_cause else ""
        yield f"runs {now.version}, slot {now.slot or '?'}{cause} {now.uptime_s} s ago"
    for name, value in (("update", now.update), ("answer", now.answer), ("line", now.line), ("address", now.address)):
        if value and (before is None or value != getattr(before, name)):
            yield f"{name}: {value}"
    signal = () if now.signal_dbm is None else (f"{now.signal_dbm} dBm",)
    if figures := (*signal, *(f"{name} {count}" for name, count in now.counters.items())):
        yield ", ".join(figures)
