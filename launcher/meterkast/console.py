"""The console in the same process: on which ports it listens, and how people get there."""

from collections.abc import Iterator
from typing import Any

from meterkast_api.settings import ApiSection
from meterkast_console.settings import ConsoleSection, FtpSection, SshSection, TelnetSection
from meterkast_runtime.addresses import is_loopback

from meterkast import ports

LISTENERS = {"telnet": "the terminal", "ssh": "the terminal over SSH", "ftp": "the files over FTP"}


def chosen(section: ConsoleSection, api: ApiSection, address: str) -> dict[str, Any]:
    """Overrides of the console's settings: a free port for each listener, and our own API; raises LauncherError."""
    given: dict[str, Any] = {"api": address, "require_login": section.require_login or api.require_login}
    if not section.enabled:
        return given
    for name, purpose in LISTENERS.items():
        listener: TelnetSection | SshSection | FtpSection = getattr(section, name)
        if listener.enabled:
            option = f"[console.{name}] port in meterkast.toml, or METERKAST_CONSOLE__{name.upper()}__PORT"
            asked = "port" in listener.model_fields_set
            port = ports.choose(listener.host, listener.port, asked=asked, purpose=purpose, option=option)
            given[name] = {"port": port}
    return given


def lines(section: ConsoleSection, hostname: str) -> Iterator[str]:
    """What `meterkast up` says of each listener."""
    if section.enabled and section.telnet.enabled:
        host = "localhost" if is_loopback(section.telnet.host) else hostname
        yield f"  terminal   telnet {host} {section.telnet.port}\n"
    if section.enabled and section.ssh.enabled:
        host = "localhost" if is_loopback(section.ssh.host) else hostname
        yield f"  terminal   ssh -p {section.ssh.port} {host}\n"
    if section.enabled and section.ftp.enabled:
        host = "localhost" if is_loopback(section.ftp.host) else hostname
        yield f"  files      ftp://{host}:{section.ftp.port}/\n"
