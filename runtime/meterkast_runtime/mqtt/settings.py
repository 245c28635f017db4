"""Where the broker is and how to get in."""

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from meterkast_runtime.section import Section

_PREFIX = re.compile(r"[^/+#$\s]+(/[^/+#$\s]+)*")


class MqttSettings(Section):
    """The `mqtt` section."""

    host: str = Field(default="localhost", min_length=1)
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    username: str | None = None
    password: SecretStr | None = None
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    prefix: str = "dsmr"
    keepalive_s: Annotated[int, Field(ge=1, le=65535)] = 30

    @property
    def address(self) -> str:
        """`host:port`, for people."""
        return f"{self.host}:{self.port}"

    @field_validator("prefix")
    @classmethod
    def _publishable(cls, prefix: str) -> str:
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(
                f"{prefix!r} cannot begin a topic: use levels separated by '/', without '+', '#', '$' and spaces"
            )
        return prefix

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if self.password is not None and self.username is None:
            raise ValueError("password is set without username")
        if (self.ca_file or self.cert_file) and not self.tls:
            raise ValueError("ca_file or cert_file is set, but tls is false: set tls = true")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together: set both or neither")
        return self
