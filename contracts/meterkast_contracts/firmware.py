"""A release of the gateways' firmware: the manifest that a device checks before it takes any of it."""

import json
import re
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

PRODUCT: Final = "meterkast-esp01"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
VERSION_PATTERN = r"[0-9A-Za-z][0-9A-Za-z.+-]{0,23}"
FILE_PATTERN = r"[a-z][a-z0-9_]{0,24}\.(?:mpy|html\.gz)"

BLOCK_BYTES = 4096
MOST_MANIFEST_BYTES = 4096
SLOT_BLOCKS = 40
"""Blocks that one slot's files may take: two slots, their folders, the selector and room to write share 98."""
MOST_FILES = 36
"""Files of a slot: the updater has room for a manifest of so many in its heap."""

_UPDATE = re.compile(r"(\S+): (downloading|trial|installed|refused|failed|rolled back)(?:: (.*))?", re.DOTALL)

UpdateState = Literal["downloading", "trial", "installed", "refused", "failed", "rolled back"]
Version = Annotated[str, StringConstraints(pattern=f"^{VERSION_PATTERN}$")]


class ManifestError(ValueError):
    """A manifest is none that a device takes; the sentence says why."""


class ReleaseFile(BaseModel):
    """One file of a slot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=f"^{FILE_PATTERN}$")]
    size: Annotated[int, Field(gt=0)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """What a release consists of; `sequence` orders releases, and a device goes back only where `downgrade` says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product: Literal["meterkast-esp01"] = PRODUCT
    version: Version
    sequence: Annotated[int, Field(ge=1, lt=1 << 30)]
    downgrade: bool = False
    files: Annotated[tuple[ReleaseFile, ...], Field(min_length=1, max_length=MOST_FILES)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names = [file.name for file in self.files]
        if len(set(names)) < len(names):
            raise ValueError("a file stands in it twice")
        if "start.mpy" not in names:
            raise ValueError("there is no start.mpy, where a device begins")
        if (blocks := sum(-(-file.size // BLOCK_BYTES) for file in self.files)) > SLOT_BLOCKS:
            raise ValueError(f"its files take {blocks} blocks of 4 KB, and a slot holds {SLOT_BLOCKS}")
        return self

    def canonical(self) -> bytes:
        """The bytes that are signed: sorted keys, no spaces, ASCII."""
        return json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_bytes(cls, text: bytes) -> Self:
        """Read a manifest back; raise ManifestError for one that is not canonical or that no device takes."""
        if len(text) > MOST_MANIFEST_BYTES:
            raise ManifestError(f"the manifest is longer than {MOST_MANIFEST_BYTES} bytes")
        try:
            found = cls.model_validate(json.loads(text))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ManifestError(f"the manifest is wrong: {place + ': ' if place else ''}{first['msg']}") from error
        except ValueError as error:
            raise ManifestError(f"the manifest is no JSON: {error}") from error
        if found.canonical() != text:
            raise ManifestError("the manifest is not written as it is signed: sorted keys, no spaces, nothing more")
        return found


def update_of(sentence: str | None) -> tuple[str, UpdateState, str] | None:
    """Take a gateway's `update` sentence apart: version, state, why (or nothing); None where it is another sentence."""
    found = _UPDATE.fullmatch(sentence or "")
    return (found[1], found[2], found[3] or "") if found else None  # type: ignore[return-value]
