from typing import Annotated

from meterkast_runtime.section import Section
from meterkast_runtime.settings import Settings
from pydantic import AfterValidator, Field, SecretStr

from meterkast_parser.compat.settings import CompatSection
from meterkast_parser.decryption import DEFAULT_AUTHENTICATION_KEY
from meterkast_parser.homeassistant.settings import HomeAssistantSection

_KEY_DIGITS = 32


def _checked_key(key: SecretStr) -> SecretStr:
    digits = key.get_secret_value()
    if len(digits) != _KEY_DIGITS or not set(digits.lower()) <= set("0123456789abcdef"):
        raise ValueError(f"an AES-128 key has {_KEY_DIGITS} hexadecimal digits")
    return key


HexKey = Annotated[SecretStr, AfterValidator(_checked_key)]


class ParserSection(Section):
    """How telegrams become readings."""

    reading_interval_s: int = Field(
        default=0,
        ge=0,
        le=900,
        description="One reading per so many seconds, up to a quarter of an hour; 0 takes all. "
        "Parsers that share give one each.",
    )
    share: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="Group of parsers that share the telegrams ($share/<group>/…); alone when absent.",
    )
    publish_obis: bool | None = Field(
        default=None, description="Publish each value under its OBIS code; when absent, only where it does not share."
    )
    publish_values: bool | None = Field(
        default=None, description="Publish each value under its plain name; when absent, only where it does not share."
    )
    check_crc: bool = Field(default=True, description="Refuse telegrams whose CRC does not hold.")
    keys: dict[str, HexKey] = Field(
        default_factory=dict, description="AES-128 key in hex by gateway, for ciphered telegrams."
    )
    authentication_key: HexKey = SecretStr(DEFAULT_AUTHENTICATION_KEY.hex())
    homeassistant: HomeAssistantSection = HomeAssistantSection()
    compat: CompatSection = CompatSection()

    @property
    def publishes_obis(self) -> bool:
        """Whether values are published under their OBIS codes."""
        return not self.share if self.publish_obis is None else self.publish_obis

    @property
    def publishes_values(self) -> bool:
        """Whether values are published under their plain names."""
        return not self.share if self.publish_values is None else self.publish_values

    @property
    def tells_homeassistant(self) -> bool:
        """Whether Home Assistant is told of the meters."""
        enabled = self.homeassistant.enabled
        return not self.share if enabled is None else enabled


class ParserSettings(Settings):
    """Settings of the parser service."""

    parser: ParserSection = ParserSection()
