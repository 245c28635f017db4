from typing import Annotated

from meterkast_runtime.settings import Settings
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from meterkast_parser.decryption import DEFAULT_AUTHENTICATION_KEY

HexKey = Annotated[SecretStr, Field(pattern=r"^[0-9A-Fa-f]{32}$")]


class ParserSection(BaseModel):
    """How telegrams become readings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reading_interval_s: int = Field(
        default=0, ge=0, description="One reading per so many seconds; 0 takes every telegram."
    )
    publish_obis: bool = Field(default=True, description="Publish each value under its OBIS code.")
    publish_values: bool = Field(default=True, description="Publish each value under its plain name.")
    check_crc: bool = Field(default=True, description="Refuse telegrams whose CRC does not hold.")
    keys: dict[str, SecretStr] = Field(
        default_factory=dict, description="AES-128 key in hex by gateway, for ciphered telegrams."
    )
    authentication_key: SecretStr = SecretStr(DEFAULT_AUTHENTICATION_KEY.hex())


class ParserSettings(Settings):
    """Settings of the parser service."""

    parser: ParserSection = ParserSection()
