"""Settings of the console: the `[console]` section beside the common ones."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Self

from meterkast_runtime.addresses import is_loopback
from meterkast_runtime.settings import Section, Settings
from pydantic import Field, SecretStr, field_validator, model_validator

from meterkast_console.push.destination import Address

MIN_PORT, MAX_PORT = 1, 65535
Port = Annotated[int, Field(ge=0, le=65535)]


def check_plaintext(host: str, *, agreed: bool, protocol: str, instead: str) -> None:
    """Raise ValueError where a protocol would send passwords readable to others, and nobody has agreed to that."""
    if not agreed and not is_loopback(host):
        raise ValueError(
            f"{protocol} on {host} sends the password readable over the network: {instead}, "
            "or set plaintext = true in this section if that is wanted"
        )


class TelnetSection(Section):
    """The terminal over telnet, `[console.telnet]`."""

    enabled: bool = True
    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: Port = 2323
    plaintext: bool = Field(
        default=False, description="Let passwords cross the network readable: what telnet beyond loopback does."
    )

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        check_plaintext(self.host, agreed=self.plaintext, protocol="telnet", instead="use [console.ssh] instead")
        return self


class SshSection(Section):
    """The same terminal over SSH, `[console.ssh]`."""

    enabled: bool = False
    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: Port = 2222


class FtpSection(Section):
    """The files over FTP, `[console.ftp]`."""

    enabled: bool = True
    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: Port = 2121
    plaintext: bool = Field(
        default=False, description="Let passwords cross the network readable: what FTP without TLS does."
    )
    certificate: Path | None = Field(default=None, description="Certificate chain for TLS (FTPS, explicit), PEM.")
    key: Path | None = Field(default=None, description="Its key, PEM, where that is not in the same file.")
    passive_ports: str | None = Field(
        default=None, description="Ports for data, e.g. 60000-60099, where a firewall or container opens only some."
    )
    announced_address: str | None = Field(
        default=None, description="The address by which clients reach us, where that is not ours: NAT, containers."
    )
    max_sessions: Annotated[int, Field(ge=1, le=1000)] = 50
    max_sessions_per_address: Annotated[int, Field(ge=1, le=1000)] = 20
    idle_minutes: Annotated[float, Field(gt=0)] = 10

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach us."""
        return is_loopback(self.host)

    @property
    def ports(self) -> range | None:
        """The ports for data."""
        if self.passive_ports is None:
            return None
        first, _, last = self.passive_ports.partition("-")
        return range(int(first), int(last or first) + 1)

    @field_validator("passive_ports")
    @classmethod
    def _of_ports(cls, ports: str | None) -> str | None:
        if ports is not None:
            found = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", ports)
            if not found or not MIN_PORT <= int(found[1]) <= int(found[2] or found[1]) <= MAX_PORT:
                raise ValueError(f"{ports!r} is no range of ports: use one such as 60000-60099")
        return ports

    @field_validator("announced_address")
    @classmethod
    def _an_address(cls, address: str | None) -> str | None:
        try:
            return address if address is None else str(ipaddress.IPv4Address(address))
        except ValueError as error:
            raise ValueError(f"{address!r} is no IPv4 address: use one such as 192.168.1.10") from error

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        agreed = self.plaintext or self.certificate is not None
        check_plaintext(self.host, agreed=agreed, protocol="FTP", instead="set certificate and key for TLS")
        return self


class FilesSection(Section):
    """The files that FTP, SFTP and push give, `[console.files]`."""

    cache_mb: Annotated[int, Field(ge=1)] = Field(default=256, description="How much of what was made is kept on disk.")


class PushSection(Section):
    """Files sent on schedule, `[console.push]`; without `to` none are."""

    to: str | None = Field(
        default=None, description="Where to: a folder, or e.g. ftps://me@nas/meter, sftp://me@nas:22/meter."
    )
    password: SecretStr | None = None
    key: Path | None = Field(default=None, description="Private key for SFTP.")
    known_hosts: Path | None = Field(default=None, description="Host keys for SFTP; ~/.ssh/known_hosts if not set.")
    ca: Path | None = Field(default=None, description="Certificate to trust for FTPS, PEM, e.g. the server's own.")
    every_minutes: Annotated[float, Field(gt=0)] = 60
    include: tuple[str, ...] = Field(default=("*",), description="Patterns of paths, e.g. home/days/*.")
    exclude: tuple[str, ...] = ()

    @field_validator("to")
    @classmethod
    def _destination(cls, to: str | None) -> str | None:
        if to is not None:
            Address.of(to)
        return to


class ConsoleSection(Section):
    """Which API the console is a client of, and who may come."""

    enabled: bool = Field(default=True, description="Whether `meterkast up` runs the console.")
    api: str = Field(default="http://127.0.0.1:8080", description="The API's address.")
    token: SecretStr | None = Field(
        default=None, description="A token of the API, where reading needs one; of scope control to send orders."
    )
    require_login: bool = Field(
        default=False, description="Ask for the password on loopback too, e.g. where others have an account."
    )
    max_sessions: Annotated[int, Field(ge=1, le=1000)] = Field(default=20, description="Terminals at once.")
    idle_minutes: Annotated[float, Field(gt=0)] = Field(
        default=60, description="A terminal at which no key was pressed for so long is closed."
    )
    telnet: TelnetSection = TelnetSection()
    ssh: SshSection = SshSection()
    ftp: FtpSection = FtpSection()
    files: FilesSection = FilesSection()
    push: PushSection = PushSection()

    @field_validator("api")
    @classmethod
    def _address(cls, address: str) -> str:
        if not address.startswith(("http://", "https://")):
            raise ValueError(f"{address!r} is no address of an API: use one such as http://127.0.0.1:8080")
        return address.rstrip("/")

    def asks_login(self, host: str) -> bool:
        """Whether who comes to a listener on this address has to log in."""
        return self.require_login or not is_loopback(host)


class ConsoleSettings(Settings):
    """Everything the console is told."""

    console: ConsoleSection = ConsoleSection()
