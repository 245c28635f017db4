"""What the API says of a release."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from meterkast_api.firmware.shelf import Kept


class FirmwareRelease(BaseModel):
    """A release of the gateways' firmware."""

    version: str
    sequence: int = Field(description="Orders releases; a gateway takes none that is not higher than its own.")
    downgrade: bool = Field(description="Whether gateways take it although theirs is newer.")
    size: int = Field(description="Bytes of all files.")
    files: list[str]
    added_at: datetime


EXAMPLE = {
    "version": "1.2.0",
    "sequence": 12,
    "downgrade": False,
    "size": 21874,
    "files": ["gateway.mpy", "start.mpy"],
    "added_at": "2026-03-29T12:00:00Z",
}


def release_json(kept: Kept) -> dict[str, Any]:
    """A release as JSON."""
    manifest = kept.manifest
    return {
        "version": manifest.version,
        "sequence": manifest.sequence,
        "downgrade": manifest.downgrade,
        "size": sum(file.size for file in manifest.files),
        "files": [file.name for file in manifest.files],
        "added_at": kept.added_at,
    }
