"""Settings of the console: the `[console]` section beside the common ones."""

from typing import Annotated, Self

from meterkast_runtime.addresses import is_loopback
from meterkast_runtime.settings import Section, Settings
from pydantic import Field, SecretStr, field_validator, model_validator

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
